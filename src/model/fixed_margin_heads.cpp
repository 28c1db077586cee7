// Margins that are the same for every sample.
#include <algorithm>
#include <numbers>

#include "facerec/core/error.h"
#include "model/margin_head.h"

namespace facerec {
namespace {

using std::numbers::pi;
using torch::Tensor;

void draw_as_partial_fc(Tensor& block) { block.normal_(0, 0.01); }

class CosFace final : public MarginHead {
 public:
  CosFace(const HeadConfig& config, HeadShape shape) : MarginHead(shape, config.scale), margin_(config.margin) {
    draw_xavier_uniform();
  }

 private:
  Tensor with_margin(Tensor cosine, const Rows& rows) override {
    return cosine.scatter_add_(1, rows.own, rows.held.to(cosine.scalar_type()) * -margin_);
  }

  double margin_;
};

class ArcFace final : public MarginHead {
 public:
  ArcFace(const HeadConfig& config, HeadShape shape)
      : MarginHead(shape, config.scale), margin_(config.margin), easy_(config.easy_margin) {
    draw_xavier_uniform();
  }

 private:
  Tensor with_margin(Tensor cosine, const Rows& rows) override {
    const Tensor margined = add_to_angle(rows.target, margin_);
    return put_margined(cosine, easy_ ? torch::where(rows.target > 0, margined, rows.target) : margined, rows);
  }

  double margin_;
  bool easy_;
};

// The nearest centre stands for its class.
class SubcenterArcFace final : public MarginHead {
 public:
  SubcenterArcFace(const HeadConfig& config, HeadShape shape)
      : MarginHead(shape, config.scale, config.centers), centers_(config.centers), margin_(config.margin) {
    draw_xavier_uniform();
  }

 private:
  Tensor of_classes(const Tensor& cosine) override { return std::get<0>(cosine.unflatten(1, {-1, centers_}).max(2)); }
  Tensor with_margin(Tensor cosine, const Rows& rows) override {
    return put_margined(cosine, add_to_angle(rows.target, margin_), rows);
  }

  int64_t centers_;
  double margin_;
};

// arcface_torch's inter-class filter: a stranger that near is taken for a wrong label, and its logit is 0.
class FilteredHead : public MarginHead {
 protected:
  FilteredHead(const HeadConfig& config, HeadShape shape)
      : MarginHead(shape, config.scale), threshold_(config.filter_threshold) {
    draw_weight(draw_as_partial_fc);
  }

 private:
  virtual Tensor of_target(const Tensor& target) const = 0;

  Tensor with_margin(Tensor cosine, const Rows& rows) final {
    if (threshold_ == 0) return put_margined(cosine, of_target(rows.target), rows);
    Tensor near = cosine > threshold_;
    near.scatter_(1, rows.own, near.gather(1, rows.own).logical_and(rows.held.logical_not()));
    return put_margined(cosine, of_target(rows.target), rows).masked_fill(near, 0);
  }

  double threshold_;
};

// cos(θ + m) in value, but the gradient of cos θ: arcface_torch changes the cosine unseen by autograd.
class ArcFaceTorch final : public FilteredHead {
 public:
  ArcFaceTorch(const HeadConfig& config, HeadShape shape) : FilteredHead(config, shape), margin_(config.margin) {}

 private:
  Tensor of_target(const Tensor& target) const override {
    const Tensor value = target.detach();
    return (value.clamp(-1, 1).acos() + margin_).cos() + (target - value);
  }

  double margin_;
};

// ψ(m1·θ + m2) − m3, where ψ is the cosine up to π and falls on beyond, as SphereFace's does: over [kπ, (k+1)π] it is
// (−1)^k·cos − 2k, smooth at the joints.
class Combined final : public FilteredHead {
 public:
  Combined(const HeadConfig& config, HeadShape shape) : FilteredHead(config, shape), margins_(config.margins) {
    if (margins_.size() != 3 || margins_[0] == 0) {
      throw Error::usage("combined takes three margins, the first above 0").key("head.margins").hint("[1.0, 0.3, 0.2]");
    }
  }

 private:
  Tensor of_target(const Tensor& target) const override {
    const Tensor value = target.detach();
    return psi(value.clamp(-1, 1), target - value);
  }

  // At `cosine`, with the exact slope along `change`. Through acos, whose own slope is 1 / sin θ computed from 1 −
  // cos², fp32 would lose half of its digits near θ = 0 and π.
  Tensor psi(const Tensor& cosine, const Tensor& change) const {
    const Tensor phi = cosine.acos() * margins_[0] + margins_[1];
    const Tensor k = (phi / pi).floor_();
    const Tensor sign = 1 - 2 * k.remainder(2);
    const Tensor sine = ((1 - cosine) * (1 + cosine)).sqrt_();
    const Tensor slope = (margins_[0] * sign * phi.sin() / sine).masked_fill_(sine == 0, 0);
    return sign * phi.cos() - 2 * k - margins_[2] + slope * change;
  }

  std::vector<double> margins_;
};

// face.evoLVe's: (cos θ·λ + ψ(m·θ)) / (1 + λ), times the embedding's norm. λ falls from step to step.
class SphereFace final : public MarginHead {
 public:
  SphereFace(const HeadConfig& config, HeadShape shape)
      : MarginHead(shape, 1), margin_(static_cast<int64_t>(config.margin)) {
    if (config.margin < 1 || config.margin != static_cast<double>(margin_)) {
      throw Error::usage("sphereface multiplies angles with a whole number from 1 to 5")
          .key("head.margin")
          .hint("4 is the published margin");
    }
    draw_xavier_uniform();
    iteration_ = register_buffer("iteration", torch::zeros({}, torch::kInt64));
  }

 private:
  Tensor with_margin(Tensor cosine, const Rows& rows) override {
    if (is_training()) iteration_.add_(1);
    const Tensor lambda = (1000 / (1 + 0.12 * iteration_.to(torch::kFloat64))).clamp_min(5);
    const Tensor margined = rows.target + (psi(rows.target.clamp(-1, 1)) - rows.target) / (1 + lambda);
    return put_margined(cosine, margined, rows) * rows.norms;
  }

  // (−1)^k·cos(mθ) − 2k on [kπ/m, (k+1)π/m]; cos(mθ) as Chebyshev's polynomial of cos θ, whose slope is finite.
  Tensor psi(const Tensor& cosine) const {
    Tensor before = torch::ones_like(cosine), multiple = cosine;
    for (int64_t i = 1; i < margin_; ++i) before = std::exchange(multiple, 2 * cosine * multiple - before);
    const Tensor k = (cosine.detach().acos() * (static_cast<double>(margin_) / pi)).floor_().clamp_max_(margin_ - 1);
    return (1 - 2 * k.remainder(2)) * multiple - 2 * k;
  }

  int64_t margin_;
  Tensor iteration_;
};

}  // namespace

std::shared_ptr<Head> build_cosface(const HeadConfig& config, HeadShape shape) {
  return std::make_shared<CosFace>(config, shape);
}

std::shared_ptr<Head> build_arcface(const HeadConfig& config, HeadShape shape) {
  return std::make_shared<ArcFace>(config, shape);
}

std::shared_ptr<Head> build_subcenter_arcface(const HeadConfig& config, HeadShape shape) {
  return std::make_shared<SubcenterArcFace>(config, shape);
}

std::shared_ptr<Head> build_arcface_torch(const HeadConfig& config, HeadShape shape) {
  return std::make_shared<ArcFaceTorch>(config, shape);
}

std::shared_ptr<Head> build_combined(const HeadConfig& config, HeadShape shape) {
  return std::make_shared<Combined>(config, shape);
}

std::shared_ptr<Head> build_sphereface(const HeadConfig& config, HeadShape shape) {
  return std::make_shared<SphereFace>(config, shape);
}

}  // namespace facerec
