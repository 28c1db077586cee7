#include "train/partial_fc.h"

#include <fmt/format.h>

#include <algorithm>

#include "dist/gather.h"
#include "facerec/core/error.h"
#include "facerec/model/loss.h"

namespace facerec {
namespace {

using torch::Tensor;

Range held_by(const World& world, int64_t classes) {
  if (classes >= world.size()) return world.share(classes);
  throw Error::usage(fmt::format("{} processes share the classes, and there are only {}", world.size(), classes))
      .hint("start fewer processes");
}

}  // namespace

PartialFC::PartialFC(const HeadConfig& config, int64_t classes, int64_t embedding_size, const World& world)
    : sample_rate_(config.sample_rate),
      world_(world),
      head_(make_head(config, {classes, held_by(world, classes)}, embedding_size)) {
  head_->sum_over_processes = [&world](const Tensor& x) {
    Tensor sum = x.clone();
    world.sum(sum);
    return sum;
  };
}

void PartialFC::sample(const Tensor& labels) {
  if (sample_rate_ >= 1) return;
  const torch::NoGradGuard without_gradient;
  const auto [first, count] = head_->classes().held;
  const Tensor present =
      std::get<0>(torch::_unique(labels.masked_select((labels >= first) & (labels < first + count))));
  const Tensor positive = present - first;
  const auto wanted = std::max<int64_t>(1, static_cast<int64_t>(sample_rate_ * static_cast<double>(count)));
  if (wanted <= positive.numel()) return use(positive);
  const Tensor score = torch::rand({count}, head_->weight.options());
  score.index_fill_(0, positive, 2.0);
  use(std::get<0>(std::get<1>(score.topk(wanted)).sort()));
}

void PartialFC::use(const Tensor& held_classes) {
  used_ = held_classes;
  head_->use_classes(held_classes);
}

// The columns of the logits that stand for the labels; −1 for classes of other processes.
Tensor PartialFC::places_of(const Tensor& labels) const {
  const auto [first, count] = head_->classes().held;
  const Tensor held = (labels >= first) & (labels < first + count);
  Tensor own = labels - first;
  if (used_.defined()) own = torch::searchsorted(used_, own);
  return own.masked_fill(held.logical_not(), -1);
}

Tensor PartialFC::loss(const ClassificationLossConfig& config, const Tensor& embeddings, const Tensor& labels) {
  const Tensor all = gather_for_parts(embeddings, labels.size(0), world_), places = places_of(labels);
  return classification_loss(config, head_->logits(all, places), places, world_);
}

Tensor PartialFC::target_cosine() const {
  const Tensor& cosines = head_->target_cosines;
  return cosines.defined() ? cosines.mean() : Tensor();
}

}  // namespace facerec
