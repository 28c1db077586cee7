// Margins that depend on the embedding's norm or on the training's progress.
#include <cmath>
#include <numbers>

#include "facerec/core/error.h"
#include "model/full_precision.h"
#include "model/margin_head.h"

namespace facerec {
namespace {

using std::numbers::pi;
using torch::Tensor;

// Rows of unit length in random directions, as these heads' authors draw them.
void draw_on_sphere(Tensor& block) {
  block.uniform_(-1, 1);
  block.copy_(unit_rows(block));
}

class AdaFace final : public MarginHead {
 public:
  AdaFace(const HeadConfig& config, HeadShape shape)
      : MarginHead(shape, config.scale), margin_(config.margin), h_(config.h), rate_(config.t_alpha) {
    draw_weight(draw_on_sphere);
    mean_ = register_buffer("batch_mean", torch::full({1}, 20.0));
    std_ = register_buffer("batch_std", torch::full({1}, 100.0));
  }

 private:
  static constexpr double epsilon = 1e-3;  // of all of the author's guards

  Tensor with_margin(Tensor cosine, const Rows& rows) override {
    const Tensor quality = quality_of(rows.norms.detach().clamp(0.001, 100));
    const Tensor angle = rows.target.clamp(-1 + epsilon, 1 - epsilon).acos() - margin_ * quality;
    const Tensor margined = angle.clamp(epsilon, pi - epsilon).cos() - margin_ * (1 + quality);
    return put_margined(cosine, margined, rows);
  }

  // How far a norm lies from the mean, in [−1, 1].
  Tensor quality_of(const Tensor& norms) {
    if (is_training() && norms.numel() > 1) {  // one norm has no deviation
      mean_.lerp_(norms.mean().to(mean_.scalar_type()), rate_);
      std_.lerp_(norms.std().to(std_.scalar_type()), rate_);
    }
    return ((norms - mean_) / (std_ + epsilon) * h_).clamp_(-1, 1).to(norms.scalar_type());
  }

  double margin_, h_, rate_;
  Tensor mean_, std_;
};

class MagFace final : public MarginHead {
 public:
  MagFace(const HeadConfig& config, HeadShape shape) : MarginHead(shape, config.scale), weight_(config.norm_weight) {
    if (config.norms.size() != 2 || config.norms[0] >= config.norms[1]) {
      throw Error::usage("magface takes two norms, the first the lesser").key("head.norms").hint("[10, 110]");
    }
    if (config.norm_margins.size() != 2 || config.norm_margins[0] > config.norm_margins[1]) {
      throw Error::usage("magface takes two margins, of which the longer embedding's is the larger")
          .key("head.norm_margins")
          .hint("[0.45, 0.8]");
    }
    shortest_ = config.norms[0], longest_ = config.norms[1];
    least_ = config.norm_margins[0], slope_ = (config.norm_margins[1] - least_) / (longest_ - shortest_);
    draw_weight(draw_on_sphere);
  }

  Tensor regularisation(const Tensor& embeddings) override {
    if (weight_ == 0) return {};
    const WithoutAutocast guard;
    const Tensor a = embeddings.to(precision_of(embeddings)).norm(2, {1}).clamp(shortest_, longest_);
    return weight_ * (a / (longest_ * longest_) + 1 / a).mean();
  }

 private:
  Tensor with_margin(Tensor cosine, const Rows& rows) override {
    const Tensor margin = least_ + slope_ * (rows.norms.clamp(shortest_, longest_) - shortest_);
    const Tensor& target = rows.target;
    const Tensor sum = target * margin.cos() - sine_of(target) * margin.sin();
    return put_margined(cosine, torch::where(target > (pi - margin).cos(), sum, target), rows);
  }

  double weight_, shortest_ = 0, longest_ = 0, least_ = 0, slope_ = 0;
};

class CurricularFace final : public MarginHead {
 public:
  CurricularFace(const HeadConfig& config, HeadShape shape)
      : MarginHead(shape, config.scale), margin_(config.margin), rate_(config.t_alpha) {
    draw_weight(draw_on_sphere);
    t_ = register_buffer("t", torch::zeros({1}));
  }

 private:
  Tensor with_margin(Tensor cosine, const Rows& rows) override {
    // Strangers are compared with a cosine that another process may hold.
    const Tensor held = rows.held.to(cosine.scalar_type());
    const Tensor told = sum_over_processes(torch::cat({rows.target.detach().masked_fill(held == 0, 0), held}, 1));
    const Tensor target = told.narrow(1, 0, 1), known = told.narrow(1, 1, 1) > 0;
    if (is_training()) move(target, known);
    // Strangers nearer than the own class with its margin are hard. Without an own class there are none.
    const Tensor bar = target * std::cos(margin_) - sine_of(target) * std::sin(margin_);
    const Tensor hard = cosine > bar.masked_fill(known.logical_not(), INFINITY);
    const Tensor result = torch::where(hard, cosine * (cosine + t_.to(cosine.scalar_type())), cosine);
    return put_margined(result, add_to_angle(rows.target, margin_), rows);
  }

  void move(const Tensor& target, const Tensor& known) {
    const Tensor count = known.sum(), mean = target.sum() / count.clamp_min(1);
    t_.lerp_(torch::where(count > 0, mean.to(t_.scalar_type()), t_), rate_);
  }

  double margin_, rate_;
  Tensor t_;
};

}  // namespace

std::shared_ptr<Head> build_adaface(const HeadConfig& config, HeadShape shape) {
  return std::make_shared<AdaFace>(config, shape);
}

std::shared_ptr<Head> build_magface(const HeadConfig& config, HeadShape shape) {
  return std::make_shared<MagFace>(config, shape);
}

std::shared_ptr<Head> build_curricularface(const HeadConfig& config, HeadShape shape) {
  return std::make_shared<CurricularFace>(config, shape);
}

}  // namespace facerec
