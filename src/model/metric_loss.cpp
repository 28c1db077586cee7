#include <algorithm>
#include <limits>

#include "facerec/config/config.h"
#include "facerec/model/loss.h"
#include "model/full_precision.h"
#include "model/names.h"
#include "model/taken_keys.h"

namespace facerec {
namespace {

using torch::Tensor;

constexpr double infinity = std::numeric_limits<double>::infinity();

// The mean over the elements that are `counted`; 0 with gradients of 0 where none is.
Tensor mean_where(const Tensor& counted, const Tensor& values) {
  return torch::where(counted, values, torch::zeros_like(values)).sum() / counted.sum().clamp_min(1);
}

// Which pairs [N,N] are of one person (nobody with himself), and which of two. A label of −1 is nobody's.
struct Pairs {
  explicit Pairs(const Tensor& labels) {
    const Tensor known = (labels >= 0).unsqueeze(0).logical_and((labels >= 0).unsqueeze(1));
    const Tensor equal = labels.unsqueeze(0) == labels.unsqueeze(1);
    same = equal.logical_and(known).fill_diagonal_(false);
    different = equal.logical_not().logical_and(known);
  }
  Tensor same, different;
};

// Euclidean, of all pairs [N,N], to choose by: from differences, since ‖a‖² + ‖b‖² − 2ab is 0 for near rows.
Tensor distances(const Tensor& x) {
  const torch::NoGradGuard without_gradient;
  return torch::cdist(x, x, 2, /*compute_mode=donot_use_mm*/ 2);
}

// Of rows to rows. The slope at distance 0 is 0.
Tensor distance(const Tensor& a, const Tensor& b) { return (a - b).norm(2, {1}); }

class EmbeddingLoss : public MetricLoss {
 public:
  explicit EmbeddingLoss(bool normalize) : normalize_(normalize) {}

  Tensor loss(const Tensor& embeddings, const Tensor& labels) final {
    const WithoutAutocast guard;
    const Tensor x = embeddings.to(precision_of(embeddings));
    return of(normalize_ ? unit_rows(x) : x, labels);
  }

 private:
  virtual Tensor of(const Tensor& x, const Tensor& labels) = 0;

  bool normalize_;
};

class BatchHardTriplet final : public EmbeddingLoss {
 public:
  BatchHardTriplet(const MetricLossConfig& config, int64_t, int64_t)
      : EmbeddingLoss(config.normalize), margin_(config.margin), soft_(config.soft_margin) {}

 private:
  Tensor of(const Tensor& x, const Tensor& labels) override {
    const Pairs pairs(labels);
    const Tensor d = distances(x);
    const Tensor positive = d.masked_fill(pairs.same.logical_not(), -infinity).argmax(1);
    const Tensor negative = d.masked_fill(pairs.different.logical_not(), infinity).argmin(1);
    const Tensor excess = distance(x, x.index_select(0, positive)) - distance(x, x.index_select(0, negative));
    const Tensor counted = pairs.same.any(1).logical_and(pairs.different.any(1));
    return mean_where(counted, soft_ ? torch::softplus(excess) : (excess + margin_).relu());
  }

  double margin_;
  bool soft_;
};

class SemiHardTriplet final : public EmbeddingLoss {
 public:
  SemiHardTriplet(const MetricLossConfig& config, int64_t, int64_t)
      : EmbeddingLoss(config.normalize), margin_(config.margin) {}

 private:
  Tensor of(const Tensor& x, const Tensor& labels) override {
    const Pairs pairs(labels);
    const Tensor found = pairs.same.logical_and(pairs.different.any(1, true)).nonzero();  // anchor, positive
    const Tensor anchor = found.select(1, 0), positive = found.select(1, 1);
    const Tensor negative = negatives(distances(x), pairs.different).index({anchor, positive});
    const Tensor a = x.index_select(0, anchor);
    const Tensor excess = distance(a, x.index_select(0, positive)) - distance(a, x.index_select(0, negative));
    return (excess + margin_).relu().sum() / std::max<int64_t>(found.size(0), 1);
  }

  // For anchor i and positive j, [N,N].
  static Tensor negatives(const Tensor& d, const Tensor& different) {
    const auto [sorted, order] = d.masked_fill(different.logical_not(), infinity).sort(1);
    const Tensor farther = torch::searchsorted(sorted, d, false, /*right=*/true);
    const Tensor last = (different.sum(1, true) - 1).clamp_min(0);
    return order.gather(1, torch::minimum(farther, last));
  }

  double margin_;
};

class CenterLoss final : public EmbeddingLoss {
 public:
  CenterLoss(const MetricLossConfig& config, int64_t classes, int64_t embedding_size)
      : EmbeddingLoss(config.normalize), rate_(config.center_lr) {
    centers_ = register_buffer("centers", torch::zeros({classes, embedding_size}));
  }

 private:
  Tensor of(const Tensor& x, const Tensor& labels) override {
    const Tensor known = labels >= 0, own = labels.clamp_min(0);
    const Tensor offset = x - centers_.index_select(0, own).to(x.scalar_type());
    if (is_training()) move(offset.detach(), own, known);
    return mean_where(known, offset.square().sum(1) / 2);
  }

  void move(const Tensor& offset, const Tensor& own, const Tensor& known) {
    const Tensor count = (own.unsqueeze(0) == own.unsqueeze(1)).logical_and(known).sum(1, true);
    const Tensor step = (rate_ * offset / (1 + count)).masked_fill(known.logical_not().unsqueeze(1), 0);
    centers_.index_add_(0, own, step.to(centers_.scalar_type()));
  }

  double rate_;
  Tensor centers_;
};

class SupervisedContrastive final : public EmbeddingLoss {
 public:
  SupervisedContrastive(const MetricLossConfig& config, int64_t, int64_t)
      : EmbeddingLoss(true), temperature_(config.temperature) {}

 private:
  Tensor of(const Tensor& x, const Tensor& labels) override {
    const Pairs pairs(labels);
    const Tensor others = pairs.same.logical_or(pairs.different);
    const Tensor logits = torch::mm(x, x.t()) / temperature_;
    const Tensor log_p = logits.masked_fill(others.logical_not(), -1e30).log_softmax(1);
    const Tensor count = pairs.same.sum(1);
    const Tensor sum = torch::where(pairs.same, log_p, torch::zeros_like(log_p)).sum(1);
    return mean_where(count > 0, -sum / count.clamp_min(1));
  }

  double temperature_;
};

template <class Kind>
std::shared_ptr<MetricLoss> build(const MetricLossConfig& config, int64_t classes, int64_t embedding_size) {
  return std::make_shared<Kind>(config, classes, embedding_size);
}

struct LossEntry {
  const char* name;
  std::shared_ptr<MetricLoss> (*build)(const MetricLossConfig& config, int64_t classes, int64_t embedding_size);
  std::vector<const char*> takes;
};

const LossEntry losses[] = {
    {"triplet", build<BatchHardTriplet>, {"weight", "margin", "soft_margin", "normalize"}},
    {"triplet_semi_hard", build<SemiHardTriplet>, {"weight", "margin", "normalize"}},
    {"center", build<CenterLoss>, {"weight", "center_lr", "normalize"}},
    {"supcon", build<SupervisedContrastive>, {"weight", "temperature"}},
};

}  // namespace

std::shared_ptr<MetricLoss> make_metric_loss(const MetricLossConfig& config, int64_t classes, int64_t embedding_size,
                                             const std::string& place) {
  const auto* entry = std::ranges::find(losses, config.name, &LossEntry::name);
  if (entry == std::end(losses)) {
    std::vector<std::string> known;
    for (const LossEntry& each : losses) known.emplace_back(each.name);
    throw unknown_name("metric loss", config.name, known);
  }
  refuse_other_keys(place, config_json(config), config_json(MetricLossConfig{}), entry->takes);
  return entry->build(config, classes, embedding_size);
}

}  // namespace facerec
