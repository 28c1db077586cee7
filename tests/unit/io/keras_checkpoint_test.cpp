// Files that TensorFlow wrote (tests/golden/keras), and those that try to break a reader.
#include <gmock/gmock.h>

#include <fstream>
#include <random>

#include "facerec/core/error.h"
#include "facerec/io/keras.h"
#include "io/crc32c.h"
#include "support/reference.h"
#include "unit/io/allocations.h"
#include "unit/io/tensors.h"

namespace facerec {
namespace {

using nlohmann::json;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

fs::path golden() { return fs::path(FACEREC_SOURCE_DIR) / "tests/golden/keras"; }

const TensorView& tensor_at(const TensorFile& file, const std::string& name) {
  for (const NamedTensor& tensor : file.groups.at(0).tensors) {
    if (tensor.name == name) return tensor.view;
  }
  throw std::runtime_error("no tensor " + name);
}

json expected_at(const std::string& name) {
  static const json all = test::load_json(golden() / "weights.json");
  return all.at(name);
}

void expect_tensor(const TensorView& view, const json& expected) {
  EXPECT_EQ(view.dtype, "F32");
  EXPECT_EQ(view.shape, expected["shape"].get<std::vector<int64_t>>());
  EXPECT_EQ(test::numbers(view), expected["values"].get<std::vector<double>>());
}

template <class Open>
std::string keras_error(const fs::path& path, Open open) {
  try {
    open(path);
  } catch (const Error& error) {
    EXPECT_THAT(error.file(), HasSubstr(path.stem().string()));
    return error.message();
  }
  return "no error";
}

// Without waiting for the disk, as write_file does.
void write(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string contents(const fs::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Crc32c, GivesTheStandardsValues) {
  const std::string digits = "123456789";
  EXPECT_EQ(crc32c(std::as_bytes(std::span(digits))), 0xE3069283U);
  const std::vector<std::byte> zeros(32);
  EXPECT_EQ(crc32c(zeros), 0x8A9136AAU);  // RFC 3720, B.4
  EXPECT_EQ(crc32c(std::span(zeros).subspan(13), crc32c(std::span(zeros).first(13))), 0x8A9136AAU);
}

TEST(KerasFile, ReadsSavedWeights) {
  const TensorFile file = open_keras_file(golden() / "weights.h5");
  EXPECT_EQ(file.format, "keras_h5");
  ASSERT_EQ(file.groups.size(), 1U);
  const json all = test::load_json(golden() / "weights.json");
  EXPECT_EQ(file.groups[0].tensors.size(), all.size());
  for (const auto& [name, expected] : all.items()) expect_tensor(tensor_at(file, name), expected);
  EXPECT_EQ(file.groups[0].tensors.front().name, "tiny/conv1_conv/kernel:0");
}

TEST(KerasFile, ReadsASavedModel) {
  const TensorFile file = open_keras_file(golden() / "model.h5");
  EXPECT_EQ(file.groups.at(0).tensors.size(), 16U);
  const std::string name = "OutputLayer/dense/kernel:0";
  expect_tensor(tensor_at(file, name), expected_at(name));
}

TEST(KerasFile, ReadsTheLayoutOfKeras3) {
  const TensorFile file = open_keras_file(golden() / "keras3.weights.h5");
  expect_tensor(tensor_at(file, "layers/functional/layers/conv2d/vars/0"), expected_at("tiny/conv1_conv/kernel:0"));
}

class TensorFlowPath : public testing::TestWithParam<const char*> {};

TEST_P(TensorFlowPath, OpensTheCheckpoint) {
  const fs::path path = golden() / GetParam();
  EXPECT_TRUE(is_tensorflow_checkpoint(path));
  const TensorFile file = open_tensorflow_checkpoint(path);
  EXPECT_EQ(file.format, "tensorflow");
  EXPECT_EQ(file.path.lexically_normal(), golden() / "e_1_b_1000.ckpt.index");
  const std::string suffix = "/.ATTRIBUTES/VARIABLE_VALUE", layers = "layer_with_weights-";
  expect_tensor(tensor_at(file, layers + "0/" + layers + "0/kernel" + suffix), expected_at("tiny/conv1_conv/kernel:0"));
  expect_tensor(tensor_at(file, layers + "1/" + layers + "2/moving_variance" + suffix),
                expected_at("OutputLayer/batch_normalization_1/moving_variance:0"));
}

INSTANTIATE_TEST_SUITE_P(Any, TensorFlowPath,
                         testing::Values("e_1_b_1000.ckpt", "e_1_b_1000.ckpt.index",
                                         "e_1_b_1000.ckpt.data-00000-of-00001", "checkpoint", "", "."));

TEST(TensorFlowCheckpoint, OtherPathsAreNone) {
  for (const char* name : {"weights.h5", "weights.json", "absent", "absent/e_1.ckpt"}) {
    EXPECT_FALSE(is_tensorflow_checkpoint(golden() / name)) << name;
  }
}

TEST(TensorFlowCheckpoint, ReadsTypesFromTwoShards) {
  const TensorFile file = open_tensorflow_checkpoint(golden() / "types.ckpt");
  for (const char* name : {"f32", "f64", "f16", "bf16"}) {
    EXPECT_THAT(test::numbers(tensor_at(file, name)), ElementsAre(1.5, -2.0)) << name;
  }
  EXPECT_THAT(test::numbers(tensor_at(file, "i64")), ElementsAre(1, -2));
  EXPECT_THAT(test::numbers(tensor_at(file, "bool")), ElementsAre(1, 0));
  EXPECT_THAT(test::numbers(tensor_at(file, "scalar")), ElementsAre(7));
  EXPECT_EQ(tensor_at(file, "empty").shape, (std::vector<int64_t>{0, 3}));
  EXPECT_EQ(file.groups[0].tensors.size(), 8U);  // neither the text nor the complex number
}

TEST(TensorFlowCheckpoint, RefusesSlices) {
  EXPECT_THAT(keras_error(golden() / "sliced.ckpt", open_tensorflow_checkpoint), HasSubstr("slices"));
}

// A copy of the checkpoint whose index or data is something else.
class Copy {
 public:
  Copy() : index(contents(golden() / "e_1_b_1000.ckpt.index")), data(contents(golden() / shard)) {}
  std::string error() const {
    write(folder_ / "e_1_b_1000.ckpt.index", index);
    write(folder_ / shard, data);
    return keras_error(folder_ / "e_1_b_1000.ckpt.index", open_tensorflow_checkpoint);
  }
  std::string index, data;

 private:
  static constexpr const char* shard = "e_1_b_1000.ckpt.data-00000-of-00001";
  TemporaryFolder folder_;
};

TEST(TensorFlowCheckpoint, RefusesDamage) {
  Copy copy;
  EXPECT_EQ(copy.error(), "no error");
  copy.data[40] ^= 1;
  EXPECT_THAT(copy.error(), HasSubstr("checksum of"));
  copy.data.resize(copy.data.size() / 8);
  copy.data[40] ^= 1;
  EXPECT_THAT(copy.error(), HasSubstr("ends before"));
  copy.index[100] ^= 1;
  EXPECT_THAT(copy.error(), HasSubstr("a block's checksum"));
}

TEST(TensorFlowCheckpoint, NamesWhatIsMissing) {
  const TemporaryFolder folder;
  fs::copy(golden() / "e_1_b_1000.ckpt.index", folder.path());
  EXPECT_THAT(keras_error(folder / "e_1_b_1000.ckpt", open_tensorflow_checkpoint), HasSubstr("all its .data files"));
  EXPECT_TRUE(is_tensorflow_checkpoint(folder / "b.ckpt.data-00000-of-00001"));
  EXPECT_THAT(keras_error(folder / "b.ckpt.data-00000-of-00001", open_tensorflow_checkpoint), HasSubstr("its .index"));
}

TEST(TensorFlowCheckpoint, RefusesEveryTruncation) {
  Copy copy;
  while (!copy.index.empty()) {
    copy.index.resize(copy.index.size() - std::min<size_t>(copy.index.size(), 7));
    EXPECT_NE(copy.error(), "no error") << copy.index.size();
  }
}

TEST(TensorFlowCheckpoint, SurvivesFlips) {
  Copy copy;
  const std::string good = copy.index;
  std::mt19937 random(1);
  for (size_t at = 0; at < good.size(); at += 5) {
    copy.index = good;
    copy.index[at] = static_cast<char>(good[at] ^ (1 << random() % 8));
    test::largest_allocation = 0;
    copy.error();
    EXPECT_LT(test::largest_allocation, size_t{1} << 20) << at;
  }
}

TEST(KerasFile, RefusesEveryTruncation) {
  const TemporaryFolder folder;
  const std::string good = contents(golden() / "weights.h5");
  for (size_t length = 0; length < good.size(); length += 97) {
    write(folder / "a.h5", good.substr(0, length));
    EXPECT_NE(keras_error(folder / "a.h5", open_keras_file), "no error") << length;
  }
}

TEST(KerasFile, SurvivesFlips) {
  const TemporaryFolder folder;
  const std::string good = contents(golden() / "weights.h5");
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    std::string bad = good;
    for (int flips = 0; flips < 3; ++flips) {
      const size_t at = random() % bad.size();
      bad[at] = static_cast<char>(random());
    }
    write(folder / "a.h5", bad);
    test::largest_allocation = 0;
    keras_error(folder / "a.h5", open_keras_file);
    EXPECT_LT(test::largest_allocation, size_t{1} << 20);
  }
}

TEST(KerasFile, ReadsTypes) {
  const TensorFile file = open_keras_file(golden() / "hdf5/types.h5");
  for (const char* name : {"a/float16", "a/float32", "a/float64"}) {
    EXPECT_THAT(test::numbers(tensor_at(file, name)), ElementsAre(1.5, -2)) << name;
  }
  for (const char* name : {"a/int8", "a/int32", "a/int64"}) {
    EXPECT_THAT(test::numbers(tensor_at(file, name)), ElementsAre(1, -2)) << name;
  }
  EXPECT_THAT(test::numbers(tensor_at(file, "a/uint8")), ElementsAre(1, 2));
}

TEST(KerasFile, ReadsNamesInSeveralAttributes) {
  EXPECT_EQ(open_keras_file(golden() / "hdf5/many.h5").groups.at(0).tensors.at(0).name, "layer_0/w");
}

class KerasRefuses : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(KerasRefuses, WithItsReason) {
  const auto [name, reason] = GetParam();
  EXPECT_THAT(keras_error(golden() / "hdf5" / (std::string(name) + ".h5"), open_keras_file), HasSubstr(reason));
}

INSTANTIATE_TEST_SUITE_P(
    File, KerasRefuses,
    testing::Values(std::pair("soft_link", "leads elsewhere"), std::pair("external_link", "lead elsewhere"),
                    std::pair("external_data", "other files"), std::pair("chunks", "chunks"),
                    std::pair("big_endian", "byte order"), std::pair("missing", "lacks the weights"),
                    std::pair("twice", "twice"), std::pair("rank_9", "dimensions"),
                    std::pair("never_written", "beyond its end"), std::pair("latest", "superblock"),
                    std::pair("circle", "in two places"), std::pair("not_keras", "names no layers")),
    [](const auto& test) { return std::string(test.param.first); });

}  // namespace
}  // namespace facerec
