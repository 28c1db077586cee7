#include "model/initialise.h"

#include <cmath>

#include "model/layers.h"

namespace facerec {
namespace {

namespace init = torch::nn::init;

template <class Kind, class Draw>
void for_each(torch::nn::Module& network, const Draw& draw) {
  for (const auto& module : network.modules()) {
    if (auto* layer = dynamic_cast<Kind*>(module.get())) draw(*layer);
  }
}

void draw_default(torch::Tensor& weight) { init::kaiming_uniform_(weight, std::sqrt(5.0)); }

void draw_default(layers::Linear& linear) {
  draw_default(linear.weight);
  const double bound = 1 / std::sqrt(static_cast<double>(linear.weight.size(1)));
  if (linear.bias.defined()) init::uniform_(linear.bias, -bound, bound);
}

}  // namespace

void initialise_xavier(torch::nn::Module& network) {
  for_each<layers::Conv>(network, [](auto& conv) { init::xavier_uniform_(conv.weight); });
  for_each<layers::Linear>(network, [](auto& linear) { init::xavier_uniform_(linear.weight); });
}

void initialise_kaiming(torch::nn::Module& network) {
  for_each<layers::Conv>(network,
                         [](auto& conv) { init::kaiming_normal_(conv.weight, 0, torch::kFanOut, torch::kReLU); });
  for_each<layers::Linear>(network, [](auto& linear) { draw_default(linear); });
}

void initialise_default(torch::nn::Module& network) {
  for_each<layers::Conv>(network, [](auto& conv) { draw_default(conv.weight); });
  for_each<layers::Linear>(network, [](auto& linear) { draw_default(linear); });
}

}  // namespace facerec
