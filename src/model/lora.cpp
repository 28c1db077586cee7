#include "model/lora.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "facerec/core/error.h"
#include "model/layers.h"
#include "model/parts.h"

namespace facerec {
namespace {

using layers::LinearMap;
using NamedLayer = std::pair<std::string, LinearMap*>;

std::vector<NamedLayer> linear_maps(const Backbone& backbone) {
  std::vector<NamedLayer> found;
  for (const auto& module : backbone.named_modules("", /*include_self=*/false)) {
    if (auto* layer = dynamic_cast<LinearMap*>(module.value().get())) found.emplace_back(module.key(), layer);
  }
  return found;
}

std::vector<NamedLayer> adapted_layers(const Backbone& backbone) {
  std::vector<NamedLayer> found = linear_maps(backbone);
  std::erase_if(found, [](const NamedLayer& layer) { return !layer.second->lora_A.defined(); });
  return found;
}

void check_parts(const Backbone& backbone, const std::vector<NamedLayer>& layers,
                 const std::vector<std::string>& parts) {
  const auto modules = backbone.named_modules("", /*include_self=*/false);
  for (const std::string& part : parts) {
    if (!modules.contains(part)) throw unknown_part(backbone, part).key("train.lora.parts");
    auto is_inside = [&](const NamedLayer& layer) { return is_below(layer.first, part); };
    if (std::any_of(layers.begin(), layers.end(), is_inside)) continue;
    throw Error::usage(fmt::format("the part '{}' has no linear layer or convolution that learns", part))
        .key("train.lora.parts");
  }
}

}  // namespace

void add_lora(Backbone& backbone, int64_t rank, double alpha, const std::vector<std::string>& parts) {
  std::vector<NamedLayer> layers = linear_maps(backbone);
  std::erase_if(layers, [](const NamedLayer& layer) { return !layer.second->weight.requires_grad(); });
  check_parts(backbone, layers, parts);
  std::erase_if(layers, [&](const NamedLayer& layer) {
    auto holds = [&](const std::string& part) { return is_below(layer.first, part); };
    return !parts.empty() && std::none_of(parts.begin(), parts.end(), holds);
  });
  int64_t largest = 0;
  for (const auto& [name, layer] : layers) largest = std::max(largest, layer->full_rank());
  if (rank > largest) {
    throw Error::usage(
        fmt::format("no layer that is to be adapted allows the rank {}: the largest is {}", rank, largest))
        .key("train.lora.rank");
  }
  for (const auto& [name, layer] : layers) {
    layer->add_lora(std::min(rank, layer->full_rank()), alpha / static_cast<double>(rank));
  }
}

NamedTensors lora_state(const Backbone& backbone) {
  NamedTensors state;
  for (const auto& [name, layer] : adapted_layers(backbone)) {
    state.emplace_back(name + ".weight", layer->weight);
    state.emplace_back(name + ".lora_A", layer->lora_A);
    state.emplace_back(name + ".lora_B", layer->lora_B);
  }
  return state;
}

NamedTensors merged_state_dict(const Backbone& backbone) {
  const torch::NoGradGuard without_gradient;
  std::map<std::string, torch::Tensor> merged;
  for (const auto& [name, layer] : adapted_layers(backbone)) merged[name + ".weight"] = layer->effective_weight();
  NamedTensors state = state_dict(backbone);
  for (auto& [name, tensor] : state) {
    if (const auto found = merged.find(name); found != merged.end()) tensor = found->second;
  }
  return state;
}

bool is_lora_factor(const std::string& name) { return name == "lora_A" || name == "lora_B"; }

}  // namespace facerec
