// The checkpoints that PyTorch wrote, and those that try to break a reader.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "facerec/core/error.h"
#include "facerec/io/tensor_file.h"
#include "support/reference.h"
#include "unit/io/allocations.h"
#include "unit/io/tensors.h"

namespace facerec {
namespace {

using nlohmann::json;

fs::path checkpoints() { return test::test_data() / "reference/numerics/checkpoints"; }

std::string dtype_named(const std::string& torch) {
  static const std::map<std::string, std::string> names{
      {"float32", "F32"},   {"float64", "F64"},
      {"float16", "F16"},   {"bfloat16", "BF16"},
      {"int64", "I64"},     {"int32", "I32"},
      {"int16", "I16"},     {"int8", "I8"},
      {"uint8", "U8"},      {"bool", "BOOL"},
      {"uint16", "U16"},    {"uint32", "U32"},
      {"complex64", "C64"}, {"float8_e4m3fn", "F8_E4M3"},
  };
  return names.at(torch);
}

const TensorGroup& group_at(const TensorFile& file, const std::string& path) {
  for (const TensorGroup& group : file.groups) {
    if (group.path == path) return group;
  }
  throw std::runtime_error("no group " + path);
}

const TensorView& tensor_at(const TensorGroup& group, const std::string& name) {
  for (const NamedTensor& tensor : group.tensors) {
    if (tensor.name == name) return tensor.view;
  }
  throw std::runtime_error("no tensor " + name);
}

double number_of(const json& value) {
  if (!value.is_string()) return value.get<double>();
  return value == "inf" ? INFINITY : value == "-inf" ? -INFINITY : NAN;
}

void expect_number(double got, const json& expected) {
  const double wanted = number_of(expected);
  if (std::isnan(wanted)) {
    EXPECT_TRUE(std::isnan(got));
  } else {
    EXPECT_DOUBLE_EQ(got, wanted);
  }
}

void expect_tensor(const TensorView& view, const json& expected) {
  EXPECT_EQ(view.dtype, dtype_named(expected["dtype"]));
  EXPECT_EQ(view.shape, expected["shape"].get<std::vector<int64_t>>());
  if (!view.strides.empty()) {
    EXPECT_EQ(view.strides, expected["stride"].get<std::vector<int64_t>>());
  }
  if (!expected.contains("sum")) return;
  const std::vector<double> values = test::numbers(view);
  double sum = 0;
  for (double value : values) sum += value;
  if (std::isfinite(number_of(expected["sum"]))) {
    EXPECT_NEAR(sum, number_of(expected["sum"]), 1e-9);
  }
  ASSERT_GE(values.size(), expected["first4"].size());
  for (size_t i = 0; i < expected["first4"].size(); ++i) expect_number(values[i], expected["first4"][i]);
}

std::string format_of(const std::string& name) {
  if (name.ends_with(".safetensors")) return "safetensors";
  if (name.starts_with("torchscript")) return "torchscript";
  return name.find("legacy") != std::string::npos ? "pytorch_legacy" : "pytorch";
}

TEST(Checkpoint, LoadsWhatPyTorchWrote) {
  FACEREC_NEEDS_TEST_DATA();
  const json files = test::load_json(checkpoints() / "expected.json");
  ASSERT_GT(files.size(), 30U);
  for (const auto& [name, expected] : files.items()) {
    SCOPED_TRACE(name);
    const TensorFile file = open_tensor_file(checkpoints() / name);
    EXPECT_EQ(file.path, checkpoints() / name);
    EXPECT_EQ(file.format, format_of(name));
    const TensorGroup& group = group_at(file, expected.value("tensor_root", ""));
    const bool only_part = name.find("lightning") != std::string::npos;
    if (!only_part) {
      EXPECT_EQ(group.tensors.size(), expected["tensors"].size());
    }
    for (size_t i = 0; i < expected["tensors"].size(); ++i) {
      const json& tensor = expected["tensors"][i];
      SCOPED_TRACE(tensor["key"]);
      if (!only_part && file.format != "safetensors") {
        EXPECT_EQ(group.tensors.at(i).name, tensor["key"]);
      }
      expect_tensor(tensor_at(group, tensor["key"]), tensor);
    }
    if (expected.contains("epoch")) {
      EXPECT_EQ(file.metadata.at("epoch"), std::to_string(expected["epoch"].get<int>()));
    }
    if (expected.contains("metadata")) {
      EXPECT_EQ(file.metadata, expected["metadata"].get<Metadata>());
    }
    for (const std::string& shared : expected.value("shared", std::vector<std::string>())) {
      EXPECT_LT(std::abs(tensor_at(group, shared).bytes.data() - tensor_at(group, "a").bytes.data()), 240);
    }
  }
}

TEST(Checkpoint, GroupsOfTrainingCheckpoints) {
  FACEREC_NEEDS_TEST_DATA();
  const TensorFile full = open_tensor_file(checkpoints() / "zip_arcface_torch_full.pt");
  std::vector<std::string> paths;
  for (const TensorGroup& group : full.groups) paths.push_back(group.path);
  EXPECT_EQ(paths.front(), "state_dict_backbone");
  EXPECT_THAT(paths, testing::Contains(testing::MatchesRegex(".*state\\.0")));
  const TensorFile lightning = open_tensor_file(checkpoints() / "zip_lightning_adaface.ckpt");
  EXPECT_NO_THROW(tensor_at(group_at(lightning, "state_dict"), "head.kernel"));
}

TEST(Checkpoint, TensorsOfAFileTakeNoMemoryUntilTheyAreUsed) {
  FACEREC_NEEDS_TEST_DATA();
  const TensorFile file = open_tensor_file(checkpoints() / "zip_aligned4096.pth");
  const TensorView& view = tensor_at(file.groups.at(0), "fc.weight");
  const std::vector<double> before = test::numbers(view);
  drop_pages(file, view);
  EXPECT_EQ(test::numbers(view), before);
}

// ---- Files that a reader must survive

void expect_control(const TensorFile& file, const std::string& name) {
  const TensorGroup& group = file.groups.at(0);
  std::vector<double> expected(16);
  std::iota(expected.begin(), expected.end(), 0.0);
  if (name.ends_with(".safetensors")) {
    EXPECT_EQ(test::numbers(tensor_at(group, "a")), (std::vector<double>{0, 1, 2, 3}));
    if (name.starts_with("control")) {
      EXPECT_EQ(test::numbers(tensor_at(group, "b")), (std::vector<double>{4, 5, 6, 7}));
    }
  } else {
    EXPECT_EQ(test::numbers(tensor_at(group, name == "int_keys.pth" ? "0" : "weight")), expected);
  }
}

TEST(Checkpoint, SurvivesHostileFiles) {
  FACEREC_NEEDS_TEST_DATA();
  const fs::path payload = "/tmp/PWNED_FACEREC";
  ASSERT_FALSE(fs::exists(payload)) << "left by something else: remove it";
  const json files = test::load_json(checkpoints() / "bad/expected.json");
  ASSERT_GT(files.size(), 100U);
  for (const auto& [name, expected] : files.items()) {
    SCOPED_TRACE(name);
    const fs::path path = checkpoints() / "bad" / name;
    const std::string expect = expected["expect"];
    const size_t sane = std::max<size_t>(1 << 20, 2 * fs::file_size(path)) + 65536;
    test::largest_allocation = 0;
    try {
      const TensorFile file = open_tensor_file(path);
      EXPECT_NE(expect, "refuse");
      if (expect != "refuse") expect_control(file, name);
    } catch (const Error& error) {
      EXPECT_NE(expect, "load") << error.what();
      EXPECT_EQ(error.file(), path.string());
      EXPECT_GT(error.message().size(), 5U);
      EXPECT_TRUE(json(std::string(error.what())).dump().size() > 10) << "a message is not UTF-8";
      if (std::getenv("FACEREC_SHOW_ERRORS") != nullptr) printf("%s\n", error.what());
    }
    EXPECT_LT(test::largest_allocation, sane);
    EXPECT_FALSE(fs::exists(payload));
  }
}

}  // namespace
}  // namespace facerec
