#include "dist/gather.h"

#include <torch/torch.h>

namespace facerec {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// `parts`: what the processes compute differs, and so do the gradients; they are summed.
class Gather : public torch::autograd::Function<Gather> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& rows, int64_t total, const World* world,
                            bool parts) {
    context->saved_data["total"] = total;
    context->saved_data["parts"] = parts;
    context->saved_data["world"] = reinterpret_cast<int64_t>(world);
    return world->gather(rows, total);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto* world = reinterpret_cast<const World*>(context->saved_data["world"].toInt());
    const Range own = world->share(context->saved_data["total"].toInt());
    at::Tensor gradient = gradients.front();
    if (context->saved_data["parts"].toBool()) {
      gradient = gradient.clone(at::MemoryFormat::Contiguous);
      world->sum(gradient);
    }
    gradient = gradient.narrow(0, own.first, own.count) * static_cast<double>(world->size());
    return {gradient, {}, {}, {}};
  }
};

at::Tensor gather_rows(const at::Tensor& rows, int64_t total, const World& world, bool parts) {
  return world.size() == 1 ? rows : Gather::apply(rows, total, &world, parts);
}

}  // namespace

at::Tensor gather_for_all(const at::Tensor& rows, int64_t total, const World& world) {
  return gather_rows(rows, total, world, false);
}

at::Tensor gather_for_parts(const at::Tensor& rows, int64_t total, const World& world) {
  return gather_rows(rows, total, world, true);
}

}  // namespace facerec
