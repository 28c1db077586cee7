#include "facerec/infer/super_resolution.h"

#include <gmock/gmock.h>
#include <onnx/onnx_pb.h>
#include <torch/torch.h>

#include <thread>

#include "facerec/core/error.h"
#include "facerec/core/files.h"
#include "facerec/image/resample.h"
#include "facerec/model/weights.h"
#include "model/bytes.h"
#include "support/images.h"
#include "support/reference.h"

namespace facerec {
namespace {

using testing::HasSubstr;
using namespace test;

const SuperResolverOptions two_threads{.device = "cpu", .precision = "fp32", .threads = 2};

// Smooth shades of orange, away from black and white.
Image shades(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double shade = 30 * std::sin(x * 0.3) * std::cos(y * 0.2);
      for (int c = 0; c < 3; ++c) image.row(y)[3 * x + c] = static_cast<uint8_t>(170 - 35 * c + shade);
    }
  }
  return image;
}

double luma(const uint8_t* rgb) { return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]; }

int largest_difference(const Image& a, const Image& b) {
  int largest = a.rgb.size() == b.rgb.size() ? 0 : 256;
  for (size_t i = 0; largest < 256 && i < a.rgb.size(); ++i) largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  return largest;
}

Image doubled(const Image& image) {
  Image large(2 * image.width, 2 * image.height);
  for (int y = 0; y < large.height; ++y) {
    for (int x = 0; x < 3 * large.width; ++x) large.row(y)[x] = image.row(y / 2)[3 * (x / 6) + x % 3];
  }
  return large;
}

struct Graph {
  std::vector<int64_t> input = {1, 3, -1, -1};
  float factor = 2;           // of height and width
  float times = 1, plus = 0;  // what the values become, all of them
  int inputs = 1;
};

class SuperResolution : public testing::Test {
 protected:
  // A network that repeats every pixel.
  std::unique_ptr<SuperResolver> open(const Graph& wanted, const SuperResolverOptions& options = two_threads) const {
    write(wanted);
    return open_super_resolver(onnx_.string(), options);
  }

  std::string error_of(const Graph& wanted) const {
    try {
      open(wanted);
    } catch (const Error& error) {
      EXPECT_EQ(error.file(), onnx_.string());
      return error.message();
    }
    return "none";
  }

  std::string rcan(float bias_of_the_last_layer = 0) const {
    NamedTensors weights = golden_weights("rcan_x2");
    for (auto& [name, tensor] : weights) {
      if (name == "add_mean.bias") tensor += bias_of_the_last_layer;
    }
    return saved(weights);
  }

  static SafetensorsFile golden(const std::string& name) {
    return SafetensorsFile(fs::path(FACEREC_SOURCE_DIR) / "tests" / "golden" / (name + ".safetensors"));
  }

  static NamedTensors golden_weights(const std::string& name) {
    const SafetensorsFile file = golden(name);
    NamedTensors weights;
    for (const auto& [key, view] : file.tensors()) {
      if (key.starts_with("weights.")) weights.emplace_back(key.substr(8), tensor_of(view).clone());
    }
    return weights;
  }

  std::string saved(const NamedTensors& weights) const {
    const fs::path file = folder_ / "network.safetensors";
    save_tensors(file, weights);
    return file.string();
  }

  // What was computed by PyTorch, up to the rounding to 8 bits.
  static void expect_golden(SuperResolver& resolver, const SafetensorsFile& golden) {
    const auto pixels = [&](const char* name, int64_t i) {
      const torch::Tensor image = tensor_of(golden.at(name))[i].permute({1, 2, 0}).round().clamp(0, 255);
      const torch::Tensor bytes = image.to(torch::kUInt8).contiguous();
      Image result(static_cast<int>(bytes.size(1)), static_cast<int>(bytes.size(0)));
      std::copy_n(bytes.const_data_ptr<uint8_t>(), result.rgb.size(), result.rgb.begin());
      return result;
    };
    for (const int64_t i : {0, 1}) {
      const Image expected = pixels("output", i);
      const Image large = resolver.enlarge(pixels("input", i), expected.width, expected.height);
      EXPECT_LE(largest_difference(large, expected), 1);
    }
  }

  const TemporaryFolder folder_;
  const fs::path onnx_ = folder_ / "network.onnx";

 private:
  void write(const Graph& wanted) const {
    onnx::ModelProto model;
    model.set_ir_version(8);
    model.add_opset_import()->set_version(13);
    onnx::GraphProto& graph = *model.mutable_graph();
    graph.set_name("network");
    for (int i = 0; i < wanted.inputs; ++i) declare(graph.add_input(), "x" + std::to_string(i), wanted.input);
    declare(graph.add_output(), "y", {1, wanted.input[1], -1, -1});
    constant(graph, "scales", {1, 1, wanted.factor, wanted.factor});
    constant(graph, "times", {wanted.times});
    constant(graph, "plus", {wanted.plus});
    onnx::NodeProto& resize = add(graph, "Resize", {"x0", "", "scales"}, "large");
    set(resize, "mode", "nearest");
    set(resize, "coordinate_transformation_mode", "asymmetric");
    set(resize, "nearest_mode", "floor");
    add(graph, "Mul", {"large", "times"}, "scaled");
    add(graph, "Add", {"scaled", "plus"}, "y");
    write_file(onnx_, model.SerializeAsString());
  }

  static void declare(onnx::ValueInfoProto* info, const std::string& name, const std::vector<int64_t>& shape) {
    info->set_name(name);
    auto* tensor = info->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(onnx::TensorProto::FLOAT);
    for (const int64_t extent : shape) {
      auto* dim = tensor->mutable_shape()->add_dim();
      if (extent > 0) dim->set_dim_value(extent);
    }
  }

  static onnx::NodeProto& add(onnx::GraphProto& graph, const char* type, const std::vector<std::string>& inputs,
                              const std::string& output) {
    onnx::NodeProto& node = *graph.add_node();
    node.set_op_type(type);
    node.set_name(output);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return node;
  }

  static void set(onnx::NodeProto& node, const char* name, const char* value) {
    auto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::STRING);
    attribute->set_s(value);
  }

  static void constant(onnx::GraphProto& graph, const std::string& name, const std::vector<float>& values) {
    auto* tensor = graph.add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    tensor->add_dims(static_cast<int64_t>(values.size()));
    for (const float value : values) tensor->add_float_data(value);
  }
};

TEST_F(SuperResolution, BicubicIsPillows) {
  const auto resolver = open_super_resolver("bicubic");
  const Image image = shades(13, 9);
  EXPECT_EQ(resolver->enlarge(image, 40, 31).rgb, resize_pillow(image, 40, 31, PillowFilter::bicubic).rgb);
  EXPECT_EQ(resolver->name(), "bicubic");
  EXPECT_EQ(resolver->identity(), "");
  EXPECT_EQ(resolver->scale(), 0);
}

TEST_F(SuperResolution, RcanGivesThePixelsOfPyTorch) {
  const auto resolver = open_super_resolver(rcan(), two_threads);
  EXPECT_EQ(resolver->name(), "RCAN x2");
  EXPECT_EQ(resolver->scale(), 2);
  EXPECT_EQ(resolver->identity().size(), 64);
  expect_golden(*resolver, golden("rcan_x2"));
}

TEST_F(SuperResolution, EspcnGivesThePixelsOfPyTorch) {
  const auto resolver = open_super_resolver(saved(golden_weights("espcn_x2")), two_threads);
  EXPECT_EQ(resolver->name(), "ESPCN x2");
  EXPECT_EQ(resolver->scale(), 2);
  expect_golden(*resolver, golden("espcn_x2"));
}

TEST_F(SuperResolution, RcanTakesImagesOfAnySizeAndBringsThemToTheSizeThatIsWanted) {
  const auto resolver = open_super_resolver(rcan(), two_threads);
  for (const int width : {16, 7}) {
    const Image image = shades(width, 20), large = resolver->enlarge(image, 2 * width, 40);
    EXPECT_EQ(resolver->enlarge(image, 30, 50).rgb, resize_pillow(large, 30, 50, PillowFilter::bicubic).rgb);
  }
}

TEST_F(SuperResolution, RcanInBf16IsWithinAFewShades) {
  const std::string file = rcan();
  SuperResolverOptions rounded = two_threads;
  rounded.precision = "bf16";
  const Image image = shades(24, 24);
  EXPECT_LE(largest_difference(open_super_resolver(file, rounded)->enlarge(image, 48, 48),
                               open_super_resolver(file, two_threads)->enlarge(image, 48, 48)),
            4);
}

TEST_F(SuperResolution, OnnxIsFedInTheRangeThatItWasMadeFor) {
  const Image image = shades(20, 16), expected = doubled(image);
  const auto unit = open({.times = 0.99F, .plus = 0.01F});  // a bias that 0 … 255 would hardly notice
  EXPECT_EQ(unit->name(), "network x2");
  EXPECT_EQ(unit->scale(), 2);
  for (size_t i = 0; i < expected.rgb.size(); ++i) {
    ASSERT_NEAR(unit->enlarge(image, 40, 32).rgb[i], 0.99 * expected.rgb[i] + 2.55, 1);
  }
  const auto bytes = open({.plus = 3});  // at 0 … 1 all would be white
  const Image brighter = bytes->enlarge(image, 40, 32);
  for (size_t i = 0; i < expected.rgb.size(); ++i) ASSERT_EQ(brighter.rgb[i], expected.rgb[i] + 3);
}

TEST_F(SuperResolution, NetworksOfLumaLeaveTheColoursToTheBicubicFilter) {
  const Image image = shades(20, 16), large = open({.input = {1, 1, -1, -1}})->enlarge(image, 40, 32);
  const Image bicubic = resize_pillow(image, 40, 32, PillowFilter::bicubic), repeated = doubled(image);
  for (size_t i = 0; i < large.rgb.size(); i += 3) {
    ASSERT_NEAR(luma(&large.rgb[i]), luma(&repeated.rgb[i]), 0.6);
    ASSERT_NEAR(large.rgb[i] - large.rgb[i + 2], bicubic.rgb[i] - bicubic.rgb[i + 2], 1);
  }
}

TEST_F(SuperResolution, AFixedSizeServesSmallerImages) {
  const auto resolver = open({.input = {1, 3, 18, 24}});
  const Image image = shades(20, 16);
  EXPECT_LE(largest_difference(resolver->enlarge(image, 40, 32), doubled(image)), 1);
  EXPECT_THROW(resolver->enlarge(shades(25, 16), 50, 32), Error);
}

TEST_F(SuperResolution, ThreadsGetTheSamePixels) {
  const auto resolver = open_super_resolver(rcan(), two_threads);
  const Image image = shades(12, 12), expected = resolver->enlarge(image, 24, 24);
  std::vector<Image> found(4);
  {
    std::vector<std::jthread> threads;
    for (Image& each : found) threads.emplace_back([&] { each = resolver->enlarge(image, 24, 24); });
  }
  for (const Image& each : found) EXPECT_EQ(each.rgb, expected.rgb);
}

TEST_F(SuperResolution, AnImageThatWouldGrowTooLargeIsRefused) {
  const auto resolver = open({});
  EXPECT_THROW(resolver->enlarge(Image(1100, 1000), 112, 112), Error);
}

TEST_F(SuperResolution, WhatIsNoNumberIsNoImage) {
  EXPECT_THROW(open_super_resolver(rcan(NAN), two_threads)->enlarge(shades(8, 8), 16, 16), Error);
}

TEST_F(SuperResolution, OtherNetworksAreNone) {
  EXPECT_THAT(error_of({.factor = 1}), HasSubstr("makes 24x24 of 24x24"));
  EXPECT_THAT(error_of({.factor = 1.5F}), HasSubstr("makes 36x36 of 24x24"));
  EXPECT_THAT(error_of({.factor = 9}), HasSubstr("2 to 8 times as large"));
  EXPECT_THAT(error_of({.times = 0}), HasSubstr("does not enlarge pictures"));
  EXPECT_THAT(error_of({.times = NAN}), HasSubstr("does not enlarge pictures"));
  EXPECT_THAT(error_of({.input = {1, 4, -1, -1}}), HasSubstr("neither RGB nor luma"));
  EXPECT_THAT(error_of({.input = {7, 3, -1, -1}}), HasSubstr("batches of 7"));
  EXPECT_THAT(error_of({.input = {1, 3, -1, 20}}), HasSubstr("open in one"));
  EXPECT_THAT(error_of({.input = {1, 3, 100'000, 100'000}}), HasSubstr("larger than 1024"));
  EXPECT_NE(error_of({.inputs = 2}), "none");
}

TEST_F(SuperResolution, FilesThatAreNoNetworkAreNamed) {
  for (const char* name : {"text.onnx", "text.pth", "text.safetensors"}) {
    const fs::path file = folder_ / name;
    write_file(file, std::string("not a network"));
    try {
      open_super_resolver(file.string(), two_threads);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.file(), file.string());
    }
  }
}

TEST_F(SuperResolution, WhatCannotBeIsAUsageError) {
  const auto kind_of = [](const std::string& method, const SuperResolverOptions& options) {
    try {
      open_super_resolver(method, options);
    } catch (const Error& error) {
      return error.kind();
    }
    return Error::Kind::runtime;
  };
  open({});
  EXPECT_EQ(kind_of("lanczos", {}), Error::Kind::usage);
  EXPECT_EQ(kind_of(folder_.path().string(), {}), Error::Kind::usage);
  EXPECT_EQ(kind_of(onnx_.string(), {.device = "cuda"}), Error::Kind::usage);
  EXPECT_EQ(kind_of(onnx_.string(), {.device = "cpu", .precision = "fp16"}), Error::Kind::usage);
  EXPECT_EQ(kind_of(rcan(), {.device = "cpu", .precision = "fp16"}), Error::Kind::usage);
}

}  // namespace
}  // namespace facerec
