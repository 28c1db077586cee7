// The heads of face.evoLVe (head/metrics.py) and of arcface_torch (losses.py), on a cosine in full precision.
#include "facerec/model/head.h"

#include <cmath>
#include <numbers>

#include "model/names.h"

namespace facerec {
namespace {

using torch::Tensor;

torch::ScalarType precision_of(const Tensor& embeddings) {
  return embeddings.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
}

Tensor unit_rows(const Tensor& x) { return x / x.norm(2, {1}, true).clamp_min(1e-12); }

// Embeddings on a sphere of class centres; a subclass puts its margin on the cosine to the own class.
class MarginHead : public Head {
 public:
  MarginHead(const HeadConfig& config, int64_t classes, int64_t embedding_size)
      : Head(classes, embedding_size), scale_(config.scale), margin_(config.margin) {}

  Tensor logits(Tensor embeddings, Tensor labels) final {
    // bf16 cannot tell cosines near 1 apart: autocast must not reach this product.
    c10::impl::ExcludeDispatchKeyGuard without_autocast(c10::autocast_dispatch_keyset);
    const torch::ScalarType type = precision_of(embeddings);
    const Tensor cosine = torch::linear(unit_rows(embeddings.to(type)), unit_rows(weight.to(type)));
    const Tensor held = (labels >= 0).unsqueeze(1);
    return with_margin(cosine, labels.clamp_min(0).unsqueeze(1), held).mul_(scale_);
  }

 protected:
  // cosine [N,C]; own [N,1]: the column of the own class, to be changed only where held [N,1].
  virtual Tensor with_margin(const Tensor& cosine, const Tensor& own, const Tensor& held) const = 0;

  double scale_, margin_;
};

// cos(θ + m) with its exact gradient. Beyond θ + m = π, where the cosine would rise again, a straight line goes on;
// with easy_margin, no margin from θ = π/2 on.
class ArcFace final : public MarginHead {
 public:
  ArcFace(const HeadConfig& config, int64_t classes, int64_t embedding_size)
      : MarginHead(config, classes, embedding_size), easy_(config.easy_margin) {
    torch::nn::init::xavier_uniform_(weight);
  }

 private:
  Tensor with_margin(const Tensor& cosine, const Tensor& own, const Tensor& held) const override {
    const Tensor target = cosine.gather(1, own);
    const Tensor phi = target * std::cos(margin_) - sine_of(target) * std::sin(margin_);
    const double limit = std::cos(std::numbers::pi - margin_);
    const Tensor margined = easy_ ? torch::where(target > 0, phi, target)
                                  : torch::where(target > limit, phi, target - std::sin(margin_) * margin_);
    return cosine.scatter(1, own, torch::where(held, margined, target));
  }

  // √(1 − cos²). At |cos| = 1 its slope is infinite and rounding may leave a negative radicand: there 0 with slope 0.
  static Tensor sine_of(const Tensor& cosine) {
    const Tensor squared = 1 - cosine.square();
    const Tensor inside = squared > 0;
    return torch::where(inside, torch::where(inside, squared, torch::ones_like(squared)).sqrt(),
                        torch::zeros_like(squared));
  }

  bool easy_;
};

// cos(θ + m) in value, but the gradient of cos θ: arcface_torch changes the cosine unseen by autograd.
class ArcFaceTorch final : public MarginHead {
 public:
  ArcFaceTorch(const HeadConfig& config, int64_t classes, int64_t embedding_size)
      : MarginHead(config, classes, embedding_size) {
    torch::nn::init::normal_(weight, 0, 0.01);  // partial_fc_v2.py
  }

 private:
  Tensor with_margin(const Tensor& cosine, const Tensor& own, const Tensor& held) const override {
    Tensor result = cosine.clamp(-1, 1);
    const torch::NoGradGuard without_gradient;
    const Tensor target = result.gather(1, own);
    result.scatter_(1, own, torch::where(held, (target.acos() + margin_).cos(), target));
    return result;
  }
};

// cos θ − m.
class CosFace final : public MarginHead {
 public:
  CosFace(const HeadConfig& config, int64_t classes, int64_t embedding_size)
      : MarginHead(config, classes, embedding_size) {
    torch::nn::init::xavier_uniform_(weight);
  }

 private:
  Tensor with_margin(const Tensor& cosine, const Tensor& own, const Tensor& held) const override {
    return cosine.scatter_add(1, own, held.to(cosine.scalar_type()) * -margin_);
  }
};

// A linear classifier on the raw embedding; scale and margin do not apply.
class Softmax final : public Head {
 public:
  Softmax(const HeadConfig&, int64_t classes, int64_t embedding_size) : Head(classes, embedding_size) {
    torch::nn::init::xavier_uniform_(weight);
    bias_ = register_parameter("bias", torch::zeros({classes}));
  }

  Tensor logits(Tensor embeddings, Tensor) override {
    c10::impl::ExcludeDispatchKeyGuard without_autocast(c10::autocast_dispatch_keyset);
    const torch::ScalarType type = precision_of(embeddings);
    return torch::linear(embeddings.to(type), weight.to(type), bias_.to(type));
  }

 private:
  Tensor bias_;
};

using Build = std::shared_ptr<Head> (*)(const HeadConfig&, int64_t, int64_t);

template <class Kind>
std::shared_ptr<Head> build(const HeadConfig& config, int64_t classes, int64_t embedding_size) {
  return std::make_shared<Kind>(config, classes, embedding_size);
}

struct HeadEntry {
  const char* name;
  Build build;
};

const HeadEntry heads[] = {
    {"arcface", build<ArcFace>},
    {"arcface_torch", build<ArcFaceTorch>},
    {"cosface", build<CosFace>},
    {"softmax", build<Softmax>},
};

}  // namespace

Head::Head(int64_t classes, int64_t embedding_size) {
  weight = register_parameter("weight", torch::empty({classes, embedding_size}));
}

std::vector<std::string> head_names() {
  std::vector<std::string> names;
  for (const HeadEntry& entry : heads) names.emplace_back(entry.name);
  return names;
}

std::shared_ptr<Head> make_head(const HeadConfig& config, int64_t classes, int64_t embedding_size) {
  for (const HeadEntry& entry : heads) {
    if (config.name == entry.name) return entry.build(config, classes, embedding_size);
  }
  throw unknown_name("head", config.name, head_names());
}

}  // namespace facerec
