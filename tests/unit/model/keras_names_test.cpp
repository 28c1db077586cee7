// Names and shapes as TensorFlow 2.15 wrote them for arcface-tf2's model (tests/golden/keras/resnet50_names.json).
#include "model/keras_names.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "facerec/io/keras.h"
#include "facerec/model/weights.h"
#include "model/registry.h"
#include "support/reference.h"
#include "unit/io/tensors.h"

namespace facerec {
namespace {

using testing::ElementsAre;
using Shapes = std::map<std::string, std::vector<int64_t>>;

fs::path golden() { return fs::path(FACEREC_SOURCE_DIR) / "tests/golden/keras"; }

// A file with the names and shapes of a real one; without contents.
TensorFile real_file(const std::string& format) {
  static const nlohmann::json all = test::load_json(golden() / "resnet50_names.json");
  TensorFile file{.path = "x", .format = format, .groups = {{"", {}}}, .metadata = {}, .memory = nullptr};
  for (const auto& tensor : all.at(format)) {
    file.groups[0].tensors.push_back({tensor[0], {"F32", tensor[1].get<std::vector<int64_t>>(), {}}});
  }
  return file;
}

NamedTensor& tensor_at(TensorGroup& group, const std::string& name) {
  const auto found = std::find_if(group.tensors.begin(), group.tensors.end(),
                                  [&](const NamedTensor& tensor) { return tensor.name == name; });
  if (found == group.tensors.end()) throw std::runtime_error("no tensor " + name);
  return *found;
}

class KerasNames : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Of, KerasNames, testing::Values("keras_h5", "tensorflow"));

TEST_P(KerasNames, AreThoseOfTheNetwork) {
  const auto network = build_backbone({.spec = spec_of({.name = "resnet50_tf2"}), .device = torch::kMeta});
  Shapes expected;
  for (const auto& [name, tensor] : state_dict(*network)) {
    if (!name.ends_with("num_batches_tracked")) expected[name] = tensor.sizes().vec();
  }
  const auto group = as_resnet50_tf2(real_file(GetParam()));
  ASSERT_TRUE(group);
  Shapes shapes;
  for (const NamedTensor& tensor : group->tensors) shapes[tensor.name] = tensor.view.shape;
  EXPECT_EQ(group->tensors.size(), shapes.size());
  EXPECT_EQ(shapes, expected);
}

// Every tensor has its own place in one block of memory, in Keras' order of the two files.
TEST(KerasNames, DoNotDependOnTheFormat) {
  std::vector<std::byte> memory(1000);
  const auto mark = [&](TensorFile& file, const std::string& name, size_t place) {
    tensor_at(file.groups[0], name).view.bytes = std::span(memory).subspan(place, 1);
  };
  TensorFile named = real_file("keras_h5"), ordered = real_file("tensorflow");
  const std::pair<const char*, int> same[] = {
      {"resnet50/conv2_block1_0_conv", 6}, {"resnet50/conv2_block1_3_conv", 7}, {"resnet50/conv5_block3_3_conv", 104}};
  for (const auto& [layer, index] : same) {
    mark(named, layer + std::string("/kernel:0"), static_cast<size_t>(index));
    mark(ordered,
         "layer_with_weights-0/layer_with_weights-" + std::to_string(index) + "/kernel/.ATTRIBUTES/VARIABLE_VALUE",
         static_cast<size_t>(index));
  }
  auto a = as_resnet50_tf2(named), b = as_resnet50_tf2(ordered);
  ASSERT_TRUE(a && b);
  for (const char* name : {"conv2_block1_0_conv.weight", "conv2_block1_3_conv.weight", "conv5_block3_3_conv.weight"}) {
    EXPECT_NE(tensor_at(*a, name).view.bytes.data(), nullptr);
    EXPECT_EQ(tensor_at(*a, name).view.bytes.data(), tensor_at(*b, name).view.bytes.data()) << name;
  }
}

TEST(KerasNames, TransposeKernelsByStrides) {
  TensorFile file = real_file("keras_h5");
  std::vector<float> values(7 * 7 * 3 * 64);
  std::iota(values.begin(), values.end(), 0.0F);
  const std::span<const std::byte> bytes = std::as_bytes(std::span(values));
  tensor_at(file.groups[0], "resnet50/conv1_conv/kernel:0").view.bytes = bytes;
  auto group = as_resnet50_tf2(file);
  const TensorView& view = tensor_at(*group, "conv1_conv.weight").view;
  EXPECT_EQ(view.bytes.data(), bytes.data());
  EXPECT_THAT(view.shape, ElementsAre(64, 3, 7, 7));
  const std::vector<double> numbers = test::numbers(view);
  const auto ours = [&](int o, int i, int h, int w) {
    return numbers[static_cast<size_t>(((o * 3 + i) * 7 + h) * 7 + w)];
  };
  const auto theirs = [](int o, int i, int h, int w) { return ((h * 7 + w) * 3 + i) * 64 + o; };
  EXPECT_EQ(ours(5, 2, 3, 6), theirs(5, 2, 3, 6));
  EXPECT_EQ(ours(63, 0, 6, 1), theirs(63, 0, 6, 1));
  EXPECT_THAT(tensor_at(*group, "dense.weight").view.strides, ElementsAre(1, 512));
}

TEST(KerasNames, AreNotFoundInOtherModels) {
  EXPECT_FALSE(as_resnet50_tf2(open_keras_file(golden() / "weights.h5")));
  EXPECT_FALSE(as_resnet50_tf2(open_tensorflow_checkpoint(golden() / "e_1_b_1000.ckpt")));
  TensorFile file = real_file("tensorflow");
  EXPECT_TRUE(as_resnet50_tf2(file));
  file.groups[0].tensors.erase(file.groups[0].tensors.begin() + 40);
  EXPECT_FALSE(as_resnet50_tf2(file));
  file = real_file("keras_h5");
  file.format = "pytorch";
  EXPECT_FALSE(as_resnet50_tf2(file));
}

}  // namespace
}  // namespace facerec
