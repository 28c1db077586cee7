#include "model/recompute.h"

#include <ATen/autocast_mode.h>

#include <mutex>

#include "facerec/model/backbone.h"

namespace facerec {
namespace {

using torch::Tensor;
using torch::autograd::variable_list;

thread_local bool recomputing = false;

class Recomputing {
 public:
  Recomputing() : before_(std::exchange(recomputing, true)) {}
  ~Recomputing() { recomputing = before_; }
  Recomputing(const Recomputing&) = delete;
  Recomputing& operator=(const Recomputing&) = delete;

 private:
  bool before_;
};

// What a pass depends on beside its tensors.
struct Surroundings {
  bool autocast;
  torch::ScalarType dtype;
  Tensor random;  // state of the generator
};

Tensor generator_state(torch::Device device) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard lock(generator.mutex());
  return generator.get_state();
}

void set_generator_state(torch::Device device, const Tensor& state) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state);
}

Surroundings surroundings_of(torch::Device device) {
  return {at::autocast::is_autocast_enabled(device.type()), at::autocast::get_autocast_dtype(device.type()),
          generator_state(device)};
}

class Within {
 public:
  Within(torch::Device device, const Surroundings& surroundings) : device_(device), before_(surroundings_of(device)) {
    set(surroundings);
  }
  ~Within() { set(before_); }
  Within(const Within&) = delete;
  Within& operator=(const Within&) = delete;

 private:
  void set(const Surroundings& to) const {
    at::autocast::set_autocast_enabled(device_.type(), to.autocast);
    at::autocast::set_autocast_dtype(device_.type(), to.dtype);
    set_generator_state(device_, to.random);
  }

  torch::Device device_;
  Surroundings before_;
};

// The casts of weights that autocast keeps have no gradient when they are made in the first pass, and would be found in
// the second.
class WithoutCastCache {
 public:
  WithoutCastCache() : before_(at::autocast::is_autocast_cache_enabled()) {
    at::autocast::set_autocast_cache_enabled(false);
  }
  ~WithoutCastCache() { at::autocast::set_autocast_cache_enabled(before_); }
  WithoutCastCache(const WithoutCastCache&) = delete;
  WithoutCastCache& operator=(const WithoutCastCache&) = delete;

 private:
  bool before_;
};

struct FirstPass : torch::CustomClassHolder {
  FirstPass(std::shared_ptr<torch::nn::Module> of, Surroundings within)
      : layer(std::move(of)), surroundings(std::move(within)) {}
  std::shared_ptr<torch::nn::Module> layer;
  Surroundings surroundings;
};

const char* const first_pass = "first_pass";

}  // namespace

bool is_recomputing() { return recomputing; }

namespace layers {

class RecomputeFunction : public torch::autograd::Function<RecomputeFunction> {
 public:
  // tensors: the input, then the parameters.
  static Tensor forward(torch::autograd::AutogradContext* context, Recomputable* layer, at::TensorList tensors) {
    const WithoutCastCache no_cache;
    const Tensor& x = tensors.front();
    context->save_for_backward(tensors.vec());
    context->saved_data[first_pass] = torch::IValue::make_capsule(
        c10::make_intrusive<FirstPass>(layer->shared_from_this(), surroundings_of(x.device())));
    return layer->compute(x);
  }

  static variable_list backward(torch::autograd::AutogradContext* context, const variable_list& gradients) {
    const auto held = context->saved_data[first_pass].toCapsule();
    const auto& first = static_cast<const FirstPass&>(*held);
    variable_list tensors = context->get_saved_variables();
    Tensor& x = tensors.front();
    x = x.detach().requires_grad_(x.requires_grad());
    const Tensor y = again(static_cast<Recomputable&>(*first.layer), x, first.surroundings);
    return gradients_of(y, tensors, gradients.front());
  }

 private:
  static Tensor again(Recomputable& layer, const Tensor& x, const Surroundings& surroundings) {
    const torch::AutoGradMode with_gradients(true);
    const Recomputing flag;
    const WithoutCastCache no_cache;
    const Within within(x.device(), surroundings);
    return layer.compute(x);
  }

  // One a tensor, undefined where none is asked for, and first of all that of the argument which is no tensor.
  static variable_list gradients_of(const Tensor& y, const variable_list& tensors, const Tensor& gradient) {
    variable_list learnt;
    for (const Tensor& tensor : tensors) {
      if (tensor.requires_grad()) learnt.push_back(tensor);
    }
    variable_list found = torch::autograd::grad({y}, learnt, {gradient}, /*retain_graph=*/std::nullopt,
                                                /*create_graph=*/false, /*allow_unused=*/true);
    variable_list all{Tensor()};
    size_t next = 0;
    for (const Tensor& tensor : tensors) all.push_back(tensor.requires_grad() ? found[next++] : Tensor());
    return all;
  }
};

Tensor Recomputable::forward(const Tensor& x) {
  if (!recomputes_ || !torch::GradMode::is_enabled()) return compute(x);
  variable_list tensors{x};
  for (const Tensor& parameter : parameters()) tensors.push_back(parameter);
  return RecomputeFunction::apply(this, at::TensorList(tensors));
}

}  // namespace layers

void Backbone::checkpoint_blocks() {
  for (const auto& module : modules(/*include_self=*/false)) {
    if (auto* block = dynamic_cast<layers::Recomputable*>(module.get())) block->recompute_for_gradient();
  }
}

}  // namespace facerec
