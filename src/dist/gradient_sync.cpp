#include "dist/gradient_sync.h"

#include <torch/csrc/autograd/engine.h>
#include <torch/torch.h>

#include <string_view>
#include <torch/csrc/distributed/c10d/comm.hpp>
#include <unordered_map>

#include "dist/reducer.h"
#include "dist/world_state.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

constexpr size_t broadcast_bytes = 250 << 20;  // as torch.nn.parallel.DistributedDataParallel

bool is_about_communication(const std::exception& error) {
  return dynamic_cast<const c10::DistError*>(&error) != nullptr ||
         std::string_view(error.what()).find("gloo") != std::string_view::npos;
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
    if (!state_->learnt.empty()) state_->reducer = make_reducer(state_->learnt, names, world.state_->group);
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

// Callbacks run in the order in which they were queued: one that is queued as the pass begins comes before the
// Reducer's, which waits for the last buckets.
void GradientSync::listen_behind(const at::Tensor& loss) const {
  loss.register_hook([world = &state_->world](const at::Tensor&) {
    torch::autograd::Engine::get_default_engine().queue_callback([world] { world->tell_listener(true); });
  });
}

void GradientSync::backward(const at::Tensor& loss) {
  const bool is_heard = state_ && state_->world.listener;
  if (is_heard) listen_behind(loss);
  try {
    loss.backward();
    if (is_heard) state_->world.tell_listener(false);
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
