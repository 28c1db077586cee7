#include "dist/gradient_sync.h"

#include <torch/torch.h>

#include <algorithm>
#include <string_view>
#include <torch/csrc/distributed/c10d/comm.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>
#include <unordered_map>

#include "dist/world_state.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

// As torch.nn.parallel.DistributedDataParallel.
constexpr size_t bucket_bytes = c10d::kDefaultBucketBytesCap, first_bucket_bytes = c10d::kDefaultFirstBucketBytes;
constexpr size_t broadcast_bytes = 250 << 20;

bool is_about_communication(const std::exception& error) {
  return dynamic_cast<const c10::DistError*>(&error) != nullptr ||
         std::string_view(error.what()).find("gloo") != std::string_view::npos;
}

// The parameters in buckets, those whose gradients are ready first in front: the last ones of the network.
std::vector<std::vector<size_t>> in_buckets(const std::vector<at::Tensor>& parameters) {
  auto [buckets, limits] = c10d::compute_bucket_assignment_by_size(parameters, {first_bucket_bytes, bucket_bytes});
  std::reverse(buckets.begin(), buckets.end());
  return buckets;
}

}  // namespace

struct GradientSync::State {
  World::State& world;
  std::vector<at::Tensor> learnt;
  std::unique_ptr<c10d::Reducer> reducer;
};

GradientSync::GradientSync(const std::vector<std::pair<std::string, at::Tensor>>& parameters, const World& world) {
  if (world.size() == 1) return;
  state_ = std::make_unique<State>(State{*world.state_, {}, nullptr});
  std::vector<at::Tensor> all;
  std::unordered_map<size_t, std::string> names;
  for (const auto& [name, parameter] : parameters) {
    all.push_back(parameter.detach());
    if (!parameter.requires_grad()) continue;
    names[state_->learnt.size()] = name;
    state_->learnt.push_back(parameter);
  }
  world.state_->run([&] {
    c10d::broadcast_coalesced(world.state_->group, all, broadcast_bytes);
    if (state_->learnt.empty()) return;
    state_->reducer = std::make_unique<c10d::Reducer>(
        state_->learnt, in_buckets(state_->learnt), world.state_->group,
        std::vector<bool>(state_->learnt.size(), false), static_cast<int64_t>(bucket_bytes),
        /*find_unused_parameters=*/false, /*gradient_as_bucket_view=*/true, names,
        static_cast<int64_t>(first_bucket_bytes), /*skip_all_reduce_unused_params=*/false,
        /*use_python_reducer=*/false, std::vector<int64_t>{});
  });
}

GradientSync::~GradientSync() = default;

void GradientSync::prepare(const std::vector<at::Tensor>& outputs) {
  if (!state_ || !state_->reducer) return;
  state_->world.run([&] {
    state_->reducer->rebuild_buckets();  // once, in the order in which the first pass made the gradients ready
    state_->reducer->prepare_for_backward(outputs);
  });
}

void GradientSync::backward(const at::Tensor& loss) {
  try {
    loss.backward();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    if (!state_ || !is_about_communication(error)) throw;
    state_->world.explain(error);
  }
}

void GradientSync::average_now() {
  if (!state_) return;
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients, flat;
  for (const at::Tensor& parameter : state_->learnt) {
    if (!parameter.grad().defined()) continue;
    gradients.push_back(parameter.grad());
    flat.push_back(parameter.grad().reshape(-1));
  }
  if (gradients.empty()) return;
  std::vector<at::Tensor> sum{at::cat(flat)};
  const at::Device device = sum.front().device();
  state_->world.run([&] { state_->world.group->getBackend(device.type())->allreduce(sum)->wait(); });
  sum.front().div_(state_->world.place.size);
  int64_t begin = 0;
  for (const at::Tensor& gradient : gradients) {
    gradient.copy_(sum.front().narrow(0, begin, gradient.numel()).view(gradient.sizes()));
    begin += gradient.numel();
  }
}

}  // namespace facerec
