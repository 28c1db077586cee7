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

// torch/nn/modules/conv.py and linear.py, reset_parameters
template <class Kind>
void draw_default(Kind& layer) {
  init::kaiming_uniform_(layer.weight, std::sqrt(5.0));
  const double fan_in = static_cast<double>(layer.weight.numel()) / static_cast<double>(layer.weight.size(0));
  const double bound = 1 / std::sqrt(fan_in);
  if (layer.bias.defined()) init::uniform_(layer.bias, -bound, bound);
}

void draw_kaiming(torch::Tensor& weight) { init::kaiming_normal_(weight, 0, torch::kFanOut, torch::kReLU); }

}  // namespace

void initialise_xavier(torch::nn::Module& network) {
  for_each<layers::Conv>(network, [](auto& conv) { init::xavier_uniform_(conv.weight); });
  for_each<layers::Linear>(network, [](auto& linear) { init::xavier_uniform_(linear.weight); });
}

void initialise_kaiming(torch::nn::Module& network) {
  for_each<layers::Conv>(network, [](auto& conv) { draw_kaiming(conv.weight); });
  for_each<layers::Linear>(network, [](auto& linear) { draw_kaiming(linear.weight); });
}

void initialise_kaiming_conv(torch::nn::Module& network) {
  for_each<layers::Conv>(network, [](auto& conv) { draw_kaiming(conv.weight); });
  for_each<layers::Linear>(network, [](auto& linear) { draw_default(linear); });
}

void initialise_normal_conv(torch::nn::Module& network) {
  for_each<layers::Conv>(network, [](auto& conv) { init::normal_(conv.weight, 0, 0.1); });
  for_each<layers::Linear>(network, [](auto& linear) { draw_default(linear); });
}

void initialise_default(torch::nn::Module& network) {
  for_each<layers::Conv>(network, [](auto& conv) { draw_default(conv); });
  for_each<layers::Linear>(network, [](auto& linear) { draw_default(linear); });
}

// The published code cuts the normal off at 2, which is a hundred standard deviations.
void initialise_vit(torch::nn::Module& network) {
  for_each<layers::Conv>(network, [](auto& conv) { draw_default(conv); });
  for_each<layers::Linear>(network, [](auto& linear) { init::normal_(linear.weight, 0, 0.02); });
  for (torch::Tensor& parameter : network.parameters(/*recurse=*/false)) init::normal_(parameter, 0, 0.02);
}

}  // namespace facerec
