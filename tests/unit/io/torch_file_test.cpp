#include "facerec/io/torch_file.h"

#include <gmock/gmock.h>

#include <numeric>

#include "facerec/core/error.h"
#include "facerec/io/safetensors.h"
#include "io/parse.h"
#include "support/checkpoints.h"
#include "support/reference.h"
#include "unit/io/tensors.h"

namespace facerec {
namespace {

using namespace test;
using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// The result keeps the content.
struct Kept {
  std::string content;
  TensorMemory memory{std::as_bytes(std::span(content))};
};

TensorFile parse(const std::string& content) {
  const std::shared_ptr<Kept> kept(new Kept{content});
  return parse_tensor_file({kept, &kept->memory});
}

std::string torch_error(const std::string& content) {
  try {
    parse(content);
  } catch (const Error& error) {
    return error.message() + "; " + error.hint();
  }
  return "no error";
}

// Storage "0" of floats 0, 1, 2, 3.
const std::string keys = "]" + pickled("0"sv) + "a";
const std::string floats = little(uint64_t{4}) + little(0.0F) + little(1.0F) + little(2.0F) + little(3.0F);
const std::string four = storage("FloatStorage", "0", 4);

std::string legacy(const std::string& object) { return legacy_file(object, keys, floats); }

// ---- Writing

std::vector<std::byte> some_bytes(size_t count) {
  std::vector<std::byte> bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * 7 % 251);
  return bytes;
}

TEST(TorchFile, WritesEveryType) {
  const TemporaryFolder folder;
  const std::vector<std::byte> bytes = some_bytes(2 * 3 * 16);
  std::vector<NamedTensor> tensors;
  for (const char* dtype :
       {"F32", "F64",  "F16", "BF16", "I64", "I32",     "I16",     "I8",          "U8",          "BOOL",
        "C64", "C128", "U16", "U32",  "U64", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0"}) {
    const TensorView view{dtype, {2, 3}, std::span(bytes).first(6 * dtype_size(dtype))};
    tensors.push_back({std::string("layer.") + dtype, view});
  }
  tensors.push_back({"scalar", {"F32", {}, std::span(bytes).first(4)}});
  tensors.push_back({"empty", {"F32", {0, 3}, {}}});
  tensors.push_back({"transposed", {"F32", {3, 2}, std::span(bytes).first(24), {1, 3}}});
  tensors.push_back({"long", {"U8", {96}, bytes}});
  write_torch_file(folder / "a.pth", tensors);

  const TensorFile file = open_tensor_file(folder / "a.pth");
  EXPECT_EQ(file.format, "pytorch");
  ASSERT_EQ(file.groups.size(), 1U);
  ASSERT_EQ(file.groups[0].tensors.size(), tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    SCOPED_TRACE(tensors[i].name);
    const NamedTensor& got = file.groups[0].tensors[i];
    EXPECT_EQ(got.name, tensors[i].name);
    EXPECT_EQ(got.view.dtype, tensors[i].view.dtype);
    EXPECT_EQ(got.view.shape, tensors[i].view.shape);
    EXPECT_EQ(got.view.strides, tensors[i].view.strides);
    EXPECT_TRUE(std::equal(got.view.bytes.begin(), got.view.bytes.end(), tensors[i].view.bytes.begin(),
                           tensors[i].view.bytes.end()));
    if (!got.view.bytes.empty()) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(got.view.bytes.data()) % 64, 0U);
    }
  }
}

TEST(TorchFile, RefusesToWriteWhatDoesNotFit) {
  const TemporaryFolder folder;
  const std::vector<std::byte> bytes = some_bytes(24);
  const auto refuses = [&](const std::vector<NamedTensor>& tensors) {
    EXPECT_THROW(write_torch_file(folder / "a.pth", tensors), Error);
    EXPECT_FALSE(fs::exists(folder / "a.pth"));
  };
  refuses({{"a", {"F32", {2, 4}, bytes}}});
  refuses({{"a", {"F32", {-2, -3}, bytes}}});
  refuses({{"a", {"F33", {6}, bytes}}});
  refuses({{"a", {"F32", {6}, bytes}}, {"a", {"F32", {6}, bytes}}});
  refuses({{"a", {"F32", {1LL << 62, 4}, bytes}}});
  refuses({{"a", {"F32", {3, 2}, bytes, {1}}}});
}

// ---- Trees of dictionaries

TEST(TorchFile, EveryDictionaryWithTensorsIsAGroup) {
  const std::string t = tensor(four, 0, 2, 2), u = tensor(four, 2, 1, 2);
  const TensorFile file =
      parse(legacy("}(" + pickled("nested"sv) + "}" + pickled("deep"sv) + "}(" + pickled(7) + t + pickled("b"sv) + u +
                   "us" + pickled("list"sv) + "](" + t + "N" + u + "e" + pickled("top"sv) + t + pickled("epoch"sv) +
                   "K\x03" + pickled("name"sv) + pickled("ir_50"sv) + pickled("best"sv) + "\x88" + pickled("loss"sv) +
                   "G?\xF8\0\0\0\0\0\0"s + "u"));
  ASSERT_EQ(file.groups.size(), 3U);
  EXPECT_EQ(file.groups[0].path, "");
  EXPECT_EQ(file.groups[0].tensors.at(0).name, "top");
  EXPECT_EQ(file.groups[1].path, "nested.deep");
  EXPECT_EQ(file.groups[1].tensors.at(0).name, "7");
  EXPECT_THAT(numbers(file.groups[1].tensors.at(1).view), ElementsAre(2, 3));
  EXPECT_EQ(file.groups[2].path, "list");
  EXPECT_EQ(file.groups[2].tensors.at(1).name, "2");
  EXPECT_EQ(file.metadata, (Metadata{{"best", "true"}, {"epoch", "3"}, {"loss", "1.5"}, {"name", "ir_50"}}));
}

TEST(TorchFile, OfEqualKeysTheLastCounts) {
  const std::string object = "}(" + pickled("a"sv) + tensor(four, 0, 2, 2) + pickled("b"sv) + tensor(four, 0, 1, 1) +
                             pickled("a"sv) + tensor(four, 0, 1, 4) + "u";
  const TensorFile file = parse(legacy(object));
  ASSERT_EQ(file.groups.at(0).tensors.size(), 2U);
  EXPECT_EQ(file.groups[0].tensors[0].name, "a");
  EXPECT_THAT(file.groups[0].tensors[0].view.shape, ElementsAre(1, 4));
}

TEST(TorchFile, ModulesGiveTheirStateDict) {
  const std::string inner = global("net", "Inner") + ")\x81}(" + pickled("_parameters"sv) + "}" + pickled("bias"sv) +
                            "Ns" + pickled("_buffers"sv) + "}(" + pickled("mean"sv) + tensor(four, 0, 1, 1) +
                            pickled("cache"sv) + tensor(four, 1, 1, 1) + "u" +
                            pickled("_non_persistent_buffers_set"sv) + global("builtins", "set") + "]" +
                            pickled("cache"sv) + "a\x85R" + pickled("_modules"sv) + "}ub";
  const std::string module = global("net", "Net") + ")\x81}(" + pickled("_parameters"sv) + "}" + pickled("weight"sv) +
                             tensor(four, 0, 2, 2) + "s" + pickled("_buffers"sv) + "}" + pickled("_modules"sv) + "}" +
                             pickled("inner"sv) + inner + "sub";
  const TensorFile whole = parse(legacy(module));
  ASSERT_EQ(whole.groups.size(), 1U);
  ASSERT_EQ(whole.groups[0].tensors.size(), 2U);
  EXPECT_EQ(whole.groups[0].tensors[0].name, "weight");
  EXPECT_EQ(whole.groups[0].tensors[1].name, "inner.mean");
  EXPECT_EQ(parse(legacy("}" + pickled("model"sv) + module + "s")).groups.at(0).path, "model");
}

// ---- Storages and tensors

// Files of PyTorch 0.x: a storage may be a part of another one.
TEST(TorchFile, ViewsOfStorages) {
  const auto view = [](int offset, int count) { return "(" + pickled("v"sv) + pickled(offset) + pickled(count) + "t"; };
  const auto file = [&](int offset, int count) {
    return legacy("}" + pickled("a"sv) + tensor(storage("FloatStorage", "0", 4, view(offset, count)), 1, 1, 2) + "s");
  };
  EXPECT_THAT(numbers(parse(file(1, 3)).groups.at(0).tensors.at(0).view), ElementsAre(2, 3));
  EXPECT_THAT(torch_error(file(1, 2)), HasSubstr("beyond its storage"));
  EXPECT_THAT(torch_error(file(2, 3)), HasSubstr("declared"));
  EXPECT_THAT(torch_error(file(-1, 3)), HasSubstr("declared"));
}

// CVE-2026-24747: a storage whose size is not what the pickle said.
TEST(TorchFile, StoragesHaveTheSizeTheyClaim) {
  const auto with = [](int count) {
    return legacy("}" + pickled("a"sv) + tensor(storage("FloatStorage", "0", count), 0, 1, 1) + "s");
  };
  EXPECT_EQ(torch_error(with(4)), "no error");
  EXPECT_THAT(torch_error(with(3)), HasSubstr("another size"));
  EXPECT_THAT(torch_error(with(5)), HasSubstr("another size"));
  EXPECT_THAT(torch_error(with(-4)), HasSubstr("declared"));
}

TEST(TorchFile, RefusesStrangeTensors) {
  const auto with = [](const std::string& call) {
    return torch_error(legacy("}(" + pickled("good"sv) + tensor(four, 0, 1, 1) + pickled("a"sv) + call + "u"));
  };
  EXPECT_THAT(with(tensor(storage("QInt8Storage", "0", 4), 0, 1, 1)), HasSubstr("quantized"));
  EXPECT_THAT(with(global("torch._utils", "_rebuild_sparse_tensor") + ")R"), HasSubstr("sparse"));
  std::string conjugated = tensor(four, 0, 1, 1);
  conjugated.insert(conjugated.size() - 2, "}" + pickled("conj"sv) + "\x88s");
  EXPECT_THAT(with(conjugated), HasSubstr("conjugated"));
  EXPECT_THAT(with(tensor(four, 3, 1, 2)), HasSubstr("beyond its storage"));
  EXPECT_THAT(with(tensor(four, 0, 65536, 65536)), HasSubstr("larger than the file"));
  EXPECT_THAT(with(tensor("K\x01", 0, 1, 1)), HasSubstr("declared"));
}

TEST(TorchFile, ManySmallKeysOfOneTensorAreBounded) {
  std::string object = "}(" + pickled(std::string(4000, 'k')) + "q\x01" + tensor(four, 0, 1, 1) + "q\x02u0](";
  for (int i = 0; i < 4000; ++i) object += "}h\x01}h\x01h\x02ss";
  EXPECT_THAT(torch_error(legacy(object + "e")), HasSubstr("more tensors than"));
}

// ---- Damage

TEST(TorchFile, TruncationIsSeenAndNoFlippedBitDoesHarm) {
  const TemporaryFolder folder;
  const std::vector<std::byte> bytes = some_bytes(24);
  const std::vector<NamedTensor> tensors{{"a", {"F32", {2, 3}, bytes}},
                                         {"b", {"U16", {3, 2}, std::span(bytes).first(12), {1, 3}}}};
  write_torch_file(folder / "a.pth", tensors);
  write_safetensors(folder / "a.safetensors", std::span(tensors).first(1));
  const std::string stream = legacy("}" + pickled("a"sv) + tensor(four, 0, 2, 2) + "s");
  for (const std::string& good : {read_text(folder / "a.pth"), read_text(folder / "a.safetensors"), stream}) {
    ASSERT_EQ(torch_error(good), "no error");
    for (size_t length = 0; length < good.size(); ++length) EXPECT_NE(torch_error(good.substr(0, length)), "no error");
    for (size_t at = 0; at < good.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
        try {
          for (const TensorGroup& group : parse(bad).groups) {
            for (const NamedTensor& tensor : group.tensors) {
              if (tensor.view.dtype == "F32") numbers(tensor.view);
            }
          }
        } catch (const Error& error) {
          EXPECT_FALSE(error.message().empty());
        }
      }
    }
  }
}

TEST(TorchFile, NamesWhatElseAFileIs) {
  const auto is = [](const std::string& content, const char* message) {
    EXPECT_THAT(torch_error(content), HasSubstr(message));
  };
  is("", "is empty");
  is("\n<!DOCTYPE html><html>", "HTML");
  is("version https://git-lfs.github.com/spec/v1\n", "git lfs pull");
  is("hello world\n", "is text");
  is("\x93NUMPY\1\0\x38\0{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\n1234"s, "a NumPy array");
  is("\x1F\x8B\x08\0"s, "gzip");
  is("\x08\x07\x12\x07pytorch\x1A\x05"
     "1.9.0:\xFF",
     "ONNX");
  is(std::string(100, '\xFE'), "not a file of tensors");
  is(pickle_of("]"), "not one of PyTorch");
  is(pickle_of(global("numpy", "dtype") + ")R"), "not one of PyTorch");
  std::string tar(1024, '\0');
  tar.replace(257, 5, "ustar");
  is(tar, "tar archive; unpack");
  tar.replace(0, 8, "sys_info");
  is(tar, "torch.save(torch.load");
}

}  // namespace
}  // namespace facerec
