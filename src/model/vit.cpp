// Vision transformers with the module names of arcface_torch (backbones/vit.py): no class token, all patches flattened
// into the embedding.
#include <cmath>

#include "model/backbones.h"
#include "model/layers.h"
#include "model/recompute.h"

namespace facerec {
namespace {

using torch::Tensor;
using namespace layers;

constexpr int64_t patch = 9;  // pixels at the right and lower edge that fill no patch are not seen: 4 of 112
constexpr int64_t heads = 8;
constexpr double hidden_share = 0.1;  // whatever a published configuration's mask_ratio above 0 is
constexpr NormOptions feature_norm{.eps = 2e-5};

class PatchEmbedding final : public Layer {
 public:
  PatchEmbedding(int64_t width, torch::Device device) {
    const ConvShape shape{.in = 3, .out = width, .kernel = {patch, patch}, .stride = patch, .bias = true};
    proj_ = register_module("proj", std::make_shared<Conv>(shape, device));
  }
  // [N,3,H,W] → [N,patches,width]
  Tensor forward(const Tensor& x) override { return proj_->forward(x).flatten(2).transpose(1, 2); }

 private:
  LayerPtr proj_;
};

class Attention final : public Layer {
 public:
  Attention(int64_t width, torch::Device device) : head_width_(width / heads) {
    qkv_ = register_module("qkv", std::make_shared<Linear>(width, 3 * width, false, device));
    proj_ = register_module("proj", std::make_shared<Linear>(width, width, true, device));
  }
  Tensor forward(const Tensor& x) override {
    return proj_->forward(attend(qkv_->forward(x).unflatten(2, {3, heads, head_width_}).permute({0, 2, 3, 1, 4})));
  }

 private:
  // qkv [N,3,heads,patches,head_width]. In full precision, as published.
  Tensor attend(const Tensor& qkv) const {
    c10::impl::ExcludeDispatchKeyGuard without_autocast(c10::autocast_dispatch_keyset);
    const bool is_double = qkv.scalar_type() == torch::kFloat64;
    const Tensor exact = is_double ? qkv : qkv.to(torch::kFloat32);
    const Tensor query = exact.select(1, 0), key = exact.select(1, 1), value = exact.select(1, 2);
    const double scale = 1 / std::sqrt(static_cast<double>(head_width_));
    const Tensor attention = (query.matmul(key.transpose(-2, -1)) * scale).softmax(-1);
    return attention.matmul(value).transpose(1, 2).flatten(2);
  }

  int64_t head_width_;
  LayerPtr qkv_, proj_;
};

class Mlp final : public Layer {
 public:
  Mlp(int64_t width, torch::Device device) {
    fc1_ = register_module("fc1", std::make_shared<Linear>(width, 4 * width, true, device));
    fc2_ = register_module("fc2", std::make_shared<Linear>(4 * width, width, true, device));
  }
  Tensor forward(const Tensor& x) override { return fc2_->forward(torch::relu6(fc1_->forward(x))); }

 private:
  LayerPtr fc1_, fc2_;
};

class VitBlock final : public Recomputable {
 public:
  VitBlock(int64_t width, double drop_path, torch::Device device) : drop_path_(drop_path) {
    norm1_ = register_module("norm1", std::make_shared<LayerNorm>(width, device));
    norm2_ = register_module("norm2", std::make_shared<LayerNorm>(width, device));
    attn_ = register_module("attn", std::make_shared<Attention>(width, device));
    mlp_ = register_module("mlp", std::make_shared<Mlp>(width, device));
  }

 private:
  Tensor compute(const Tensor& x) override {
    const Tensor y = x + drop_samples(attn_->forward(norm1_->forward(x)), drop_path_, is_training());
    return y + drop_samples(mlp_->forward(norm2_->forward(y)), drop_path_, is_training());
  }

  double drop_path_;
  LayerPtr norm1_, norm2_, attn_, mlp_;
};

class VisionTransformer final : public Backbone {
 public:
  VisionTransformer(const VitLayout& layout, const NetworkOptions& options)
      : Backbone(options.spec), masked_(layout.masked) {
    const torch::Device device = options.device;
    const int64_t width = layout.width, embedding = options.spec.embedding_size;
    const int64_t patches = (options.spec.preprocess.height / patch) * (options.spec.preprocess.width / patch);
    pos_embed_ = register_parameter("pos_embed", torch::zeros({1, patches, width}, device));
    mask_token_ = register_parameter("mask_token", torch::zeros({1, 1, width}, device));
    patch_embed_ = register_module("patch_embed", std::make_shared<PatchEmbedding>(width, device));
    blocks_ = register_module("blocks", sequence({}));
    for (int i = 0; i < layout.depth; ++i) {
      blocks_->append(std::make_shared<VitBlock>(width, layout.drop_path * i / (layout.depth - 1), device));
    }
    norm_ = register_module("norm", std::make_shared<LayerNorm>(width, device));
    feature_ = register_module(
        "feature",
        sequence({std::make_shared<Linear>(width * patches, width, false, device), norm(width, device, feature_norm),
                  std::make_shared<Linear>(width, embedding, false, device), norm(embedding, device, feature_norm)}));
  }

  Tensor forward(Tensor x) override {
    x = patch_embed_->forward(x) + pos_embed_;
    x = is_training() && masked_ ? forward_masked(x) : norm_->forward(blocks_->forward(x));
    return feature_->forward(x.flatten(1));
  }

 private:
  // The blocks see a random nine tenths of each image's patches; the mask token stands in for the others.
  Tensor forward_masked(const Tensor& x) {
    const int64_t batch = x.size(0), patches = x.size(1), width = x.size(2);
    const auto seen = static_cast<int64_t>(static_cast<double>(patches) * (1 - hidden_share));
    const Tensor order = torch::rand({batch, patches}, x.device()).argsort();
    auto pick = [width](const Tensor& from, const Tensor& index) {
      return from.gather(1, index.unsqueeze(2).expand({-1, -1, width}));
    };
    const Tensor y = norm_->forward(blocks_->forward(pick(x, order.slice(1, 0, seen))));
    const Tensor hidden = mask_token_.to(y.scalar_type()).expand({batch, patches - seen, width});
    return pick(torch::cat({y, hidden}, 1), order.argsort());
  }

  bool masked_;
  Tensor pos_embed_, mask_token_;
  LayerPtr patch_embed_, norm_, feature_;
  std::shared_ptr<Sequence> blocks_;
};

}  // namespace

std::shared_ptr<Backbone> build_vit(const VitLayout& layout, const NetworkOptions& options) {
  return std::make_shared<VisionTransformer>(layout, options);
}

}  // namespace facerec
