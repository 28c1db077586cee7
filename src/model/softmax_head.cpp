#include "model/full_precision.h"
#include "model/heads.h"
#include "model/layers.h"

namespace facerec {
namespace {

using torch::Tensor;

// A linear classifier on the raw embedding.
class Softmax final : public Head {
 public:
  Softmax(const HeadConfig& config, HeadShape shape) : Head(shape.classes, shape.embedding_size) {
    draw_xavier_uniform();
    bias_ = register_parameter("bias", torch::zeros({shape.classes.held.count}));
    if (config.logit_norm) {
      norm_ = register_module("logit_norm", std::make_shared<layers::BatchNorm>(shape.classes.held.count, torch::kCPU));
    }
  }

  Tensor logits(Tensor embeddings, Tensor /*labels*/) override {
    const WithoutAutocast guard;
    const torch::ScalarType type = precision_of(embeddings);
    const Tensor logits = torch::linear(embeddings.to(type), used(weight).to(type), used(bias_).to(type));
    return norm_ ? normalised(logits) : logits;
  }

  bool can_sample() const override { return !norm_; }

 private:
  // A single row has no variance: it is normalised as in evaluation, and no statistic moves.
  Tensor normalised(const Tensor& logits) {
    const bool moves = is_training() && logits.size(0) > 1;
    if (moves) norm_->num_batches_tracked.add_(1);
    return torch::batch_norm(logits.to(norm_->weight.scalar_type()), norm_->weight, norm_->bias, norm_->running_mean,
                             norm_->running_var, moves, 0.1, 1e-5, true)
        .to(logits.scalar_type());
  }

  Tensor bias_;
  std::shared_ptr<layers::BatchNorm> norm_;
};

}  // namespace

std::shared_ptr<Head> build_softmax(const HeadConfig& config, HeadShape shape) {
  return std::make_shared<Softmax>(config, shape);
}

}  // namespace facerec
