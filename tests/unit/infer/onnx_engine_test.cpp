// Exported networks, and those of others, on OpenVINO against LibTorch.
#include <gmock/gmock.h>
#include <onnx/onnx_pb.h>
#include <torch/torch.h>

#include <fstream>

#include "facerec/core/error.h"
#include "facerec/image/image.h"
#include "facerec/infer/engine.h"
#include "facerec/io/safetensors.h"
#include "facerec/model/backbone.h"
#include "facerec/model/onnx.h"
#include "facerec/model/weights.h"
#include "support/reference.h"
#include "unit/infer/embedding.h"

namespace facerec {
namespace {

using testing::HasSubstr;
using torch::Tensor;
using namespace test;

class OnnxEngine : public testing::Test {
 protected:
  void expect_equal(const std::shared_ptr<Backbone>& backbone, const OnnxOptions& options) {
    export_onnx(path_, *backbone, options);
    const auto expected = engine_of(backbone, two_threads);
    const auto engine = open_engine(path_, two_threads);
    EXPECT_EQ(engine->spec(), backbone->spec());
    for (const int64_t n : {3, 1}) {
      const std::vector<uint8_t> images = images_of(backbone->spec().preprocess, n);
      EXPECT_LE(relative_difference(embed(*engine, images, n), embed(*expected, images, n)), 1e-5)
          << "folded: " << options.fold_batch_norm << ", images: " << n;
    }
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / "model.onnx";
};

class EveryBackbone : public OnnxEngine, public testing::WithParamInterface<std::string> {};

TEST_P(EveryBackbone, GivesLibTorchsEmbeddings) {
  torch::manual_seed(1);
  const auto backbone =
      make_backbone({.name = GetParam(), .embedding_size = 16, .input = small_input(GetParam()), .preprocess = "bgr"});
  randomise(*backbone);
  expect_equal(backbone, {.fold_batch_norm = true});
  constexpr int64_t small = 5'000'000;  // the rest take long, and have no layers of their own
  if (count_parameters(*backbone) < small) expect_equal(backbone, {});
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryBackbone, testing::ValuesIn(one_of_each_kind()),
                         [](const auto& instance) { return instance.param; });

// Layers that the registry's networks do not have, each once.
class Medley final : public Backbone {
 public:
  Medley() : Backbone({.architecture = "ir_tiny", .embedding_size = 12, .preprocess = {.width = 16, .height = 16}}) {
    auto parameter = [this](const char* name, torch::IntArrayRef shape) {
      return register_parameter(name, torch::randn(shape) * 0.3);
    };
    kernel_ = parameter("kernel", {8, 3, 3, 3});
    depthwise_ = parameter("depthwise", {8, 1, 3, 3});
    gain_ = parameter("gain", {8});
    shift_ = parameter("shift", {8});
    qkv_ = parameter("qkv", {24, 8});
    token_ = parameter("token", {1, 1, 8});
    last_ = parameter("last", {12, 8});
    slope_ = parameter("slope", {12});
    mean_ = register_buffer("mean", torch::randn({8}));
    variance_ = register_buffer("variance", torch::rand({8}) + 0.5);
  }

  Tensor forward(Tensor x) override {
    x = torch::constant_pad_nd(x, {0, 1, 0, 1});
    x = torch::silu(torch::conv2d(x, kernel_, {}, 2));
    x = torch::batch_norm(x, {}, {}, mean_, variance_, false, 0.1, 1e-3, true);
    x = torch::avg_pool2d(torch::conv2d(x, depthwise_, shift_, 1, "same", 1, 8), 2, 2);
    x = torch::hardtanh(x, -2, 2).add_(torch::clamp_min(x, -0.5), 0.3).relu_();
    x = torch::hardswish(x) - 0.1 / (1 + torch::leaky_relu(x, 0.1).square().mean({2, 3}, true));
    const Tensor tokens = torch::cat({token_.expand({x.size(0), -1, -1}), x.flatten(2).transpose(1, 2)}, 1);
    x = tokens + attend(torch::layer_norm(tokens, {8}, gain_, shift_, 1e-6));
    const auto halves = torch::gelu(x).chunk(2, 2);
    x = torch::cat({halves[1], torch::gelu(halves[0], "tanh")}, -1);
    x = torch::prelu(torch::linear(x.select(1, 0) + x.narrow(1, -2, 2).sum(1), last_), slope_);
    return torch::nn::functional::normalize(x);
  }

 private:
  Tensor attend(const Tensor& x) {
    const Tensor heads = torch::linear(x, qkv_).reshape({x.size(0), x.size(1), 3, 2, 4}).permute({2, 0, 3, 1, 4});
    const auto qkv = heads.unbind(0);
    const Tensor once = torch::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]);
    const Tensor weights = torch::softmax(qkv[0].matmul(qkv[1].transpose(-2, -1)) * 0.5, -1);
    return (once + weights.matmul(qkv[2])).transpose(1, 2).reshape({x.size(0), x.size(1), 8});
  }

  Tensor kernel_, depthwise_, gain_, shift_, qkv_, token_, last_, slope_, mean_, variance_;
};

TEST_F(OnnxEngine, GivesLibTorchsEmbeddingsForOtherLayers) {
  torch::manual_seed(2);
  const auto backbone = std::make_shared<Medley>();
  expect_equal(backbone, {});
  expect_equal(backbone, {.fold_batch_norm = true, .opset = 13});
}

TEST_F(OnnxEngine, NormalisesWhereThePublishedNetworkDoes) {
  class Unit final : public Backbone {
   public:
    Unit()
        : Backbone({.architecture = "ir_tiny",
                    .embedding_size = 3,
                    .preprocess = {.width = 16, .height = 16},
                    .unit_length = true}) {
      register_parameter("unused", torch::ones({1}));
    }
    Tensor forward(Tensor x) override { return x.mean({2, 3}); }
  };
  Unit backbone;
  export_onnx(path_, backbone);
  const auto engine = open_engine(path_, two_threads);
  const std::vector<float> out = embed(*engine, images_of(backbone.spec().preprocess, 1), 1);
  EXPECT_NEAR(std::hypot(out[0], out[1], out[2]), 1, 1e-6);
}

TEST_F(OnnxEngine, ComputesInBf16WhenAskedTo) {
  torch::manual_seed(3);
  const auto backbone = make_backbone({.name = "ir_tiny", .embedding_size = 16, .input = {32, 32}});
  export_onnx(path_, *backbone);
  const std::vector<uint8_t> images = images_of(backbone->spec().preprocess, 2);
  const std::vector<float> full = embed(*open_engine(path_, two_threads), images, 2);
  EXPECT_LE(relative_difference(embed(*open_engine(path_, {"auto", "bf16", 2}), images, 2), full), 0.05);
}

TEST_F(OnnxEngine, KnowsTheFileAgain) {
  const auto backbone = make_backbone({.name = "ir_tiny", .embedding_size = 4, .input = {32, 32}});
  export_onnx(path_, *backbone);
  const std::string identity = open_engine(path_, two_threads)->identity();
  EXPECT_EQ(identity.size(), 64U);
  export_onnx(path_, *backbone, {.fold_batch_norm = true});
  EXPECT_NE(open_engine(path_, two_threads)->identity(), identity);
}

// x [N,H,W,3] or [N,3,H,W] → its sum over the image, each channel twice: [batch,6], which a Reshape may fix.
class HandMade : public OnnxEngine {
 protected:
  struct Options {
    int64_t batch = -1;
    bool channels_last = false, bytes = false, fixed_inside = false, one_for_all = false;
    int64_t inputs = 1, side = -1;
  };

  void write(const Options& options) {
    onnx::ModelProto model;
    model.set_ir_version(8);
    model.add_opset_import()->set_version(17);
    graph_ = model.mutable_graph();
    const int64_t side = options.side, batch = options.batch;
    for (int64_t i = 0; i < options.inputs; ++i) {
      declare(graph_->add_input(), i == 0 ? "x0" : "x1", options.bytes,
              options.channels_last ? std::vector{batch, side, side, int64_t{3}}
                                    : std::vector{batch, int64_t{3}, side, side});
    }
    declare(graph_->add_output(), "y", false, {batch, 6});
    std::vector<int64_t> axes = options.channels_last ? std::vector<int64_t>{1, 2} : std::vector<int64_t>{2, 3};
    if (options.one_for_all) axes.insert(axes.begin(), 0);
    constant("axes", axes);
    constant("shape", {options.fixed_inside ? batch : -1, 6});
    set(add("Cast", {"x0"}, "f"), "to", onnx::TensorProto::FLOAT);
    add("ReduceSum", {"f", "axes"}, "s");
    set(add("Concat", {"s", "s"}, "c"), "axis", options.channels_last ? 3 : 1);
    add("Reshape", {"c", "shape"}, "y");
    write_file(path_, model.SerializeAsString());
  }

  std::vector<float> sums(const ModelSpec& spec) {
    return embed(*open_onnx_engine(path_, spec, two_threads), pixels_, 3);
  }

  // Three images of 2×2.
  const std::vector<uint8_t> pixels_{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 9, 0, 0, 9,
                                     0, 0, 9, 0, 0, 9, 1, 0, 0, 0,  1,  0,  0, 0, 1, 0, 0, 0};
  const ModelSpec raw_{
      .architecture = "mine",
      .preprocess = {.width = 2, .height = 2, .mean = {0, 0, 0}, .std = {1 / 255.F, 1 / 255.F, 1 / 255.F}}};
  const std::vector<float> expected_{22, 26, 30, 22, 26, 30, 0, 0, 36, 0, 0, 36, 1, 1, 1, 1, 1, 1};

 private:
  static void declare(onnx::ValueInfoProto* info, const std::string& name, bool bytes,
                      const std::vector<int64_t>& shape) {
    info->set_name(name);
    auto* tensor = info->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(bytes ? onnx::TensorProto::UINT8 : onnx::TensorProto::FLOAT);
    for (const int64_t extent : shape) {
      auto* dim = tensor->mutable_shape()->add_dim();
      if (extent > 0) dim->set_dim_value(extent);
    }
  }

  onnx::NodeProto* add(const char* type, const std::vector<std::string>& inputs, const std::string& output) {
    auto* node = graph_->add_node();
    node->set_op_type(type);
    node->set_name(output);
    for (const std::string& input : inputs) node->add_input(input);
    node->add_output(output);
    return node;
  }

  static void set(onnx::NodeProto* node, const char* name, int64_t value) {
    auto* attribute = node->add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INT);
    attribute->set_i(value);
  }

  void constant(const std::string& name, const std::vector<int64_t>& values) {
    auto* tensor = graph_->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::INT64);
    tensor->add_dims(static_cast<int64_t>(values.size()));
    for (const int64_t value : values) tensor->add_int64_data(value);
  }

  onnx::GraphProto* graph_ = nullptr;
};

TEST_F(HandMade, TakesEitherLayoutAndType) {
  for (const bool channels_last : {false, true}) {
    for (const bool bytes : {false, true}) {
      write({.channels_last = channels_last, .bytes = bytes});
      EXPECT_LE(relative_difference(sums(raw_), expected_), 1e-6) << channels_last << bytes;
    }
  }
}

TEST_F(HandMade, TakesAnyNumberOfImagesWhateverTheBatchOfTheGraph) {
  for (const int64_t batch : {1, 2, 8}) {
    for (const bool fixed_inside : {false, true}) {
      write({.batch = batch, .fixed_inside = fixed_inside});
      EXPECT_LE(relative_difference(sums(raw_), expected_), 1e-6) << batch << fixed_inside;
    }
  }
}

TEST_F(HandMade, IsRefusedWhereTheBatchHasOneEmbedding) {
  write({.one_for_all = true});
  EXPECT_THROW(sums(raw_), Error);
}

TEST_F(HandMade, OrdersAndNormalisesChannels) {
  write({});
  ModelSpec spec = raw_;
  spec.preprocess.bgr = true;
  spec.preprocess.mean = {0, 0, 1 / 255.F};
  spec.preprocess.std[0] = 2 / 255.F;
  const std::vector<float> out = sums(spec);
  EXPECT_NEAR(out[0], 15, 1e-4);  // blue, halved
  EXPECT_NEAR(out[1], 26, 1e-4);
  EXPECT_NEAR(out[2], 18, 1e-4);  // red, less 1 a pixel
}

TEST_F(HandMade, RefusesWhatItCannotFeed) {
  auto error = [&](const ModelSpec& spec, const EngineOptions& options) {
    try {
      open_onnx_engine(path_, spec, options);
    } catch (const Error& failure) {
      return std::string(failure.what());
    }
    return std::string("opened");
  };
  write({.side = 16});
  EXPECT_THAT(error(raw_, {.device = "cuda"}), HasSubstr("--device cpu"));
  EXPECT_THAT(error(raw_, two_threads), HasSubstr("16x16, not of 2x2"));
  write({});
  ModelSpec other = raw_;
  other.embedding_size = 512;
  EXPECT_THAT(error(other, two_threads), HasSubstr("6 numbers, not of 512"));
  write({.inputs = 2});
  EXPECT_THAT(error(raw_, two_threads), HasSubstr("2 inputs"));
}

// The published file: one image a batch, inside too, and ImageNet's mean and deviation.
class PublishedWeights : public testing::TestWithParam<const char*> {};

// The files tell by themselves how images are prepared.
TEST_P(PublishedWeights, GiveThePublishedEmbeddings) {
  FACEREC_NEEDS_TEST_DATA();
  const fs::path data = test::test_data() / "data", reference = test::test_data() / "reference" / "evaluation";
  const auto engine = open_engine(data / "weights" / GetParam(), two_threads);
  ASSERT_EQ(engine->spec().embedding_size, 128);
  std::ifstream names(reference / "lfw_fold1_images.txt");
  constexpr int64_t count = 16;
  std::vector<uint8_t> pixels;
  std::string name;
  for (int64_t i = 0; i < count && std::getline(names, name); ++i) {
    const Image image = decode_image(read_file(data / "lfw_fold1_aligned" / name));
    pixels.insert(pixels.end(), image.rgb.begin(), image.rgb.end());
  }
  const SafetensorsFile file(reference / "lfw_fold1_embeddings.safetensors");
  const auto* expected = reinterpret_cast<const float*>(file.at("embeddings").bytes.data());
  const std::vector<float> got = embed(*engine, pixels, count);
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-4) << i;
}

INSTANTIATE_TEST_SUITE_P(, PublishedWeights, testing::Values("mobilefacenet_foamliu.pt", "MobileFaceNet_foamliu.onnx"),
                         [](const auto& each) { return fs::path(each.param).extension().string().substr(1); });

}  // namespace
}  // namespace facerec
