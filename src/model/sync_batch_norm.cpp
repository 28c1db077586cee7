#include "model/sync_batch_norm.h"

#include <ATen/ops/batch_norm_backward_elemt.h>
#include <ATen/ops/batch_norm_backward_reduce.h>
#include <ATen/ops/batch_norm_elemt.h>
#include <ATen/ops/batch_norm_gather_stats_with_counts.h>
#include <ATen/ops/batch_norm_stats.h>
#include <ATen/ops/batch_norm_update_stats.h>
#include <ATen/ops/native_batch_norm_backward.h>

#include <vector>

#include "model/full_precision.h"
#include "model/layers.h"

namespace facerec {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

int64_t count_of(const Tensor& x) { return x.size(1) == 0 ? 0 : x.numel() / x.size(1); }

Tensor per_channel(const Tensor& values, const Tensor& x) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[1] = x.size(1);
  return values.view(shape);
}

// The mean, the spread and the number of values of each process, [processes, C], [processes, C] and [processes].
struct Parts {
  Tensor means, spreads, counts;
};

Parts gather_parts(const Tensor& mean, const Tensor& spread, int64_t count, const World& world) {
  const Tensor row = torch::cat({mean, spread, mean.new_full({1}, static_cast<double>(count))}).unsqueeze(0);
  const Tensor rows = world.gather(row, world.size());
  const int64_t channels = mean.size(0);
  return {rows.narrow(1, 0, channels).contiguous(), rows.narrow(1, channels, channels).contiguous(),
          rows.select(1, 2 * channels).contiguous()};
}

// What the two passes need of all processes: the mean, the spread (the variance on CPUs, 1/√(variance + eps) on GPUs)
// and the number of values.
struct Statistics {
  Tensor mean, spread, count;
};

// Of the gradients, what a process finds by itself: two sums for each channel, to be summed over all processes, the
// gradients of weight and bias, and what the gradient of the images is completed from.
struct Local {
  Tensor sums, weight, bias, direct;
};

// The kernels of GPUs are those that torch.nn.SyncBatchNorm calls.
struct OnGpu {
  static Statistics statistics(const Tensor& x, const BatchNormState& state, const World& world) {
    const auto options = x.options().dtype(torch::kFloat32);
    Tensor mean = torch::zeros({x.size(1)}, options), invstd = torch::ones({x.size(1)}, options);
    if (count_of(x) > 0) std::tie(mean, invstd) = at::batch_norm_stats(x, state.eps);
    const Parts parts = gather_parts(mean, invstd, count_of(x), world);
    std::tie(mean, invstd) = at::batch_norm_gather_stats_with_counts(
        x, parts.means, parts.spreads, state.running_mean, state.running_var, state.momentum, state.eps, parts.counts);
    return {mean, invstd, parts.counts};
  }

  static Tensor apply(const Tensor& x, const BatchNormState& state, const Statistics& all) {
    return at::batch_norm_elemt(x, state.weight, state.bias, all.mean, all.spread, state.eps);
  }

  static Local local(const Tensor& gradient, const Tensor& x, const Tensor& weight, const Statistics& all,
                     double /*eps*/) {
    auto [sum, sum_product, weight_gradient, bias_gradient] = at::batch_norm_backward_reduce(
        gradient, x, all.mean, all.spread, weight, true, weight.defined(), weight.defined());
    return {torch::cat({sum, sum_product}), weight_gradient, bias_gradient, gradient};
  }

  static Tensor complete(const Local& here, const Tensor& x, const Tensor& weight, const Statistics& all,
                         double /*eps*/) {
    const int64_t channels = x.size(1);
    return at::batch_norm_backward_elemt(here.direct, x, all.mean, all.spread, weight, here.sums.narrow(0, 0, channels),
                                         here.sums.narrow(0, channels, channels), all.count.to(torch::kInt32));
  }
};

// On CPUs those kernels do not exist: normalising by given statistics and its derivatives do the work.
struct OnCpu {
  static Statistics statistics(const Tensor& x, const BatchNormState& state, const World& world) {
    const auto options = x.options().dtype(precision_of(x));
    Tensor mean = torch::zeros({x.size(1)}, options), variance = torch::zeros({x.size(1)}, options);
    if (count_of(x) > 0) std::tie(mean, variance) = at::batch_norm_update_stats(x, mean, variance, 0.0);
    const Parts parts = gather_parts(mean.to(torch::kFloat64), variance.to(torch::kFloat64), count_of(x), world);
    const Tensor count = parts.counts.sum(), shares = (parts.counts / count).unsqueeze(1);
    const Tensor mean_of_all = (parts.means * shares).sum(0);
    const Tensor squares = parts.spreads + (parts.means - mean_of_all).square();
    const Tensor variance_of_all = (squares * shares).sum(0);
    state.running_mean.lerp_(mean_of_all.to(state.running_mean.scalar_type()), state.momentum);
    const Tensor unbiased = variance_of_all * (count / (count - 1).clamp_min(1));
    state.running_var.lerp_(unbiased.to(state.running_var.scalar_type()), state.momentum);
    return {mean_of_all.to(options), variance_of_all.to(options), count};
  }

  static Tensor apply(const Tensor& x, const BatchNormState& state, const Statistics& all) {
    return torch::batch_norm(x, state.weight, state.bias, all.mean, all.spread, /*training=*/false, 0, state.eps,
                             false);
  }

  // With x̂ = (x − mean)/σ over n values: dx = weight/σ · (dy − Σdy/n − x̂ · Σ(dy·x̂)/n). `direct` is its first part.
  static Local local(const Tensor& gradient, const Tensor& x, const Tensor& weight, const Statistics& all, double eps) {
    const auto type = precision_of(x);
    auto [direct, weight_gradient, bias_gradient] =
        at::native_batch_norm_backward(gradient.to(type), x.to(type), scale_of(weight, all), all.mean, all.spread, {},
                                       {}, /*train=*/false, eps, {true, true, true});
    return {torch::cat({bias_gradient, weight_gradient}), weight_gradient, bias_gradient, direct};
  }

  static Tensor complete(const Local& here, const Tensor& x, const Tensor& weight, const Statistics& all, double eps) {
    const int64_t channels = x.size(1);
    const Tensor means = here.sums / all.count, scale = scale_of(weight, all);
    const Tensor deviation = (all.spread + eps).sqrt();
    const Tensor constant = scale / deviation * means.narrow(0, 0, channels);
    const Tensor slope = scale / deviation.square() * means.narrow(0, channels, channels);
    const Tensor centred = x.to(precision_of(x)) - per_channel(all.mean, x);
    Tensor whole = here.direct.sub(per_channel(constant, x)).addcmul_(centred, per_channel(slope, x), -1);
    return whole.to(x.scalar_type());
  }

 private:
  static Tensor scale_of(const Tensor& weight, const Statistics& all) {
    return weight.defined() ? weight.to(all.mean.scalar_type()) : torch::ones_like(all.mean);
  }
};

template <class Kernels>
class Function : public torch::autograd::Function<Function<Kernels>> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& given, const std::optional<Tensor>& /*weight*/,
                        const std::optional<Tensor>& /*bias*/, const BatchNormState* state, const World* world) {
    const Tensor x = given.contiguous(given.suggest_memory_format());
    const Statistics all = Kernels::statistics(x, *state, *world);
    context->save_for_backward({x, state->weight, all.mean, all.spread, all.count});
    context->saved_data["eps"] = state->eps;
    context->saved_data["world"] = reinterpret_cast<int64_t>(world);
    return x.numel() == 0 ? x.clone() : Kernels::apply(x, *state, all);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1];
    const auto* world = reinterpret_cast<const World*>(context->saved_data["world"].toInt());
    const Statistics all{saved[2], saved[3], saved[4]};
    const double eps = context->saved_data["eps"].toDouble();
    const Tensor gradient = gradients.front().contiguous(x.suggest_memory_format());
    const Tensor none = torch::zeros_like(all.mean);
    Local here{torch::cat({none, none}), none, none, gradient};
    if (x.numel() > 0) here = Kernels::local(gradient, x, weight, all, eps);
    world->sum(here.sums);
    const Tensor whole = x.numel() > 0 ? Kernels::complete(here, x, weight, all, eps) : gradient;
    if (!weight.defined()) return {whole, {}, {}, {}, {}};
    return {whole, here.weight, here.bias, {}, {}};
  }
};

std::optional<Tensor> optional(const Tensor& x) { return x.defined() ? std::optional(x) : std::nullopt; }

}  // namespace

Tensor sync_batch_norm(const Tensor& x, const BatchNormState& state, const World& world) {
  const WithoutAutocast guard;
  const auto weight = optional(state.weight), bias = optional(state.bias);
  return x.is_cuda() ? Function<OnGpu>::apply(x, weight, bias, &state, &world)
                     : Function<OnCpu>::apply(x, weight, bias, &state, &world);
}

void synchronise_batch_norms(torch::nn::Module& module, const World& world) {
  if (world.size() == 1) return;
  for (const auto& each : module.modules(/*include_self=*/true)) {
    if (auto* norm = dynamic_cast<layers::BatchNorm*>(each.get())) norm->synchronise(world);
  }
}

}  // namespace facerec
