// Inception-ResNet-v1 with the module names of facenet-pytorch (models/inception_resnet_v1.py): the network of
// FaceNet's TensorFlow successor. Strided convolutions and poolings have no padding, so images below 75 × 75 leave
// nothing.
#include "model/backbones.h"
#include "model/layers.h"
#include "model/recompute.h"

namespace facerec {
namespace {

using torch::Tensor;
using namespace layers;

constexpr NormOptions inception_norm{.eps = 1e-3, .momentum = 0.1};  // the eps of TensorFlow, the momentum of PyTorch

// Convolution, BatchNorm, ReLU.
class InceptionConv final : public Layer {
 public:
  InceptionConv(const ConvShape& shape, torch::Device device) {
    conv_ = register_module("conv", std::make_shared<Conv>(shape, device));
    bn_ = register_module("bn", norm(shape.out, device, inception_norm));
  }
  Tensor forward(const Tensor& x) override { return bn_->forward(conv_->forward(x)).relu_(); }

 private:
  LayerPtr conv_, bn_;
};

std::shared_ptr<InceptionConv> inception_conv(const ConvShape& shape, torch::Device device) {
  return std::make_shared<InceptionConv>(shape, device);
}

// The size of the image stays.
ConvShape keeping(int64_t in, int64_t out, int64_t height, int64_t width) {
  return {.in = in, .out = out, .kernel = {height, width}, .padding = {height / 2, width / 2}};
}

// A square kernel inside the image: without stride too, the image shrinks.
ConvShape inside(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return {.in = in, .out = out, .kernel = {kernel, kernel}, .stride = stride};
}

// A branch of one convolution is that one, one of several a sequence: so the published names are.
LayerPtr branch(std::initializer_list<ConvShape> shapes, torch::Device device) {
  if (shapes.size() == 1) return inception_conv(*shapes.begin(), device);
  auto convolutions = sequence({});
  for (const ConvShape& shape : shapes) convolutions->append(inception_conv(shape, device));
  return convolutions;
}

// Branches side by side over the same image, their channels one after the other.
class InceptionUnit : public Recomputable {
 protected:
  void add_branch(std::initializer_list<ConvShape> shapes, torch::Device device) {
    branches_.push_back(register_module("branch" + std::to_string(branches_.size()), branch(shapes, device)));
  }

  std::vector<Tensor> outputs(const Tensor& x) const {
    std::vector<Tensor> all;
    for (const LayerPtr& each : branches_) all.push_back(each->forward(x));
    return all;
  }

 private:
  std::vector<LayerPtr> branches_;
};

// Block35, Block17 and Block8 of the paper: what the branches find is brought to the channels of the image, scaled and
// added to it.
class InceptionResidual final : public InceptionUnit {
 public:
  enum class Kind { block35, block17, block8, block8_without_relu };

  InceptionResidual(Kind kind, torch::Device device) : relu_(kind != Kind::block8_without_relu) {
    switch (kind) {
      case Kind::block35:
        scale_ = 0.17;
        add_branch({keeping(256, 32, 1, 1)}, device);
        add_branch({keeping(256, 32, 1, 1), keeping(32, 32, 3, 3)}, device);
        add_branch({keeping(256, 32, 1, 1), keeping(32, 32, 3, 3), keeping(32, 32, 3, 3)}, device);
        add_projection(96, 256, device);
        break;
      case Kind::block17:
        scale_ = 0.10;
        add_branch({keeping(896, 128, 1, 1)}, device);
        add_branch({keeping(896, 128, 1, 1), keeping(128, 128, 1, 7), keeping(128, 128, 7, 1)}, device);
        add_projection(256, 896, device);
        break;
      case Kind::block8:
      case Kind::block8_without_relu:
        scale_ = relu_ ? 0.20 : 1.0;
        add_branch({keeping(1792, 192, 1, 1)}, device);
        add_branch({keeping(1792, 192, 1, 1), keeping(192, 192, 1, 3), keeping(192, 192, 3, 1)}, device);
        add_projection(384, 1792, device);
        break;
    }
  }

 private:
  void add_projection(int64_t in, int64_t out, torch::Device device) {
    conv2d_ = register_module(
        "conv2d", std::make_shared<Conv>(ConvShape{.in = in, .out = out, .kernel = {1, 1}, .bias = true}, device));
  }

  Tensor compute(const Tensor& x) override {
    const Tensor found = conv2d_->forward(torch::cat(outputs(x), 1));
    const Tensor y = found * scale_ + x;
    return relu_ ? y.relu() : y;
  }

  bool relu_;
  double scale_ = 1;
  LayerPtr conv2d_;
};

// Mixed_6a and Mixed_7a: half the size, more channels. The last branch is a pooling.
class InceptionReduction final : public InceptionUnit {
 public:
  enum class Kind { mixed_6a, mixed_7a };

  InceptionReduction(Kind kind, torch::Device device) {
    if (kind == Kind::mixed_6a) {
      add_branch({inside(256, 384, 3, 2)}, device);
      add_branch({keeping(256, 192, 1, 1), keeping(192, 192, 3, 3), inside(192, 256, 3, 2)}, device);
    } else {
      add_branch({keeping(896, 256, 1, 1), inside(256, 384, 3, 2)}, device);
      add_branch({keeping(896, 256, 1, 1), inside(256, 256, 3, 2)}, device);
      add_branch({keeping(896, 256, 1, 1), keeping(256, 256, 3, 3), inside(256, 256, 3, 2)}, device);
    }
  }

 private:
  Tensor compute(const Tensor& x) override {
    std::vector<Tensor> all = outputs(x);
    all.push_back(torch::max_pool2d(x, 3, 2));
    return torch::cat(all, 1);
  }
};

LayerPtr residuals(InceptionResidual::Kind kind, int count, torch::Device device) {
  auto blocks = sequence({});
  for (int i = 0; i < count; ++i) blocks->append(std::make_shared<InceptionResidual>(kind, device));
  return blocks;
}

class InceptionResnetV1 final : public Backbone {
 public:
  explicit InceptionResnetV1(const NetworkOptions& options) : Backbone(options.spec) {
    using Residual = InceptionResidual::Kind;
    using Reduction = InceptionReduction::Kind;
    const torch::Device device = options.device;
    const int64_t embedding = options.spec.embedding_size;
    auto add = [this](std::vector<LayerPtr>& to, const char* name, LayerPtr layer) {
      to.push_back(register_module(name, std::move(layer)));
    };
    add(before_pooling_, "conv2d_1a", inception_conv(inside(3, 32, 3, 2), device));
    add(before_pooling_, "conv2d_2a", inception_conv(inside(32, 32, 3, 1), device));
    add(before_pooling_, "conv2d_2b", inception_conv(keeping(32, 64, 3, 3), device));
    add(behind_pooling_, "conv2d_3b", inception_conv(keeping(64, 80, 1, 1), device));
    add(behind_pooling_, "conv2d_4a", inception_conv(inside(80, 192, 3, 1), device));
    add(behind_pooling_, "conv2d_4b", inception_conv(inside(192, 256, 3, 2), device));
    add(behind_pooling_, "repeat_1", residuals(Residual::block35, 5, device));
    add(behind_pooling_, "mixed_6a", std::make_shared<InceptionReduction>(Reduction::mixed_6a, device));
    add(behind_pooling_, "repeat_2", residuals(Residual::block17, 10, device));
    add(behind_pooling_, "mixed_7a", std::make_shared<InceptionReduction>(Reduction::mixed_7a, device));
    add(behind_pooling_, "repeat_3", residuals(Residual::block8, 5, device));
    add(behind_pooling_, "block8", std::make_shared<InceptionResidual>(Residual::block8_without_relu, device));
    dropout_ = register_module("dropout", std::make_shared<Dropout>(options.dropout));
    last_linear_ = register_module("last_linear", std::make_shared<Linear>(1792, embedding, false, device));
    last_bn_ = register_module("last_bn", norm(embedding, device, inception_norm));
  }

  Tensor forward(Tensor x) override {
    for (const LayerPtr& layer : before_pooling_) x = layer->forward(x);
    x = torch::max_pool2d(x, 3, 2);
    for (const LayerPtr& layer : behind_pooling_) x = layer->forward(x);
    x = torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
    return last_bn_->forward(last_linear_->forward(dropout_->forward(x)));
  }

 private:
  std::vector<LayerPtr> before_pooling_, behind_pooling_;
  LayerPtr dropout_, last_linear_, last_bn_;
};

}  // namespace

std::shared_ptr<Backbone> build_inception_resnet_v1(const NetworkOptions& options) {
  return std::make_shared<InceptionResnetV1>(options);
}

}  // namespace facerec
