#include "train/tune.h"

#include <algorithm>
#include <set>

#include "facerec/core/error.h"
#include "model/layers.h"
#include "model/lora.h"
#include "model/parts.h"

namespace facerec {
namespace {

bool is_norm(const torch::nn::Module& module) {
  return dynamic_cast<const layers::BatchNorm*>(&module) != nullptr ||
         dynamic_cast<const layers::LayerNorm*>(&module) != nullptr;
}

void freeze(Backbone& backbone, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    bool known = false;
    for (auto& parameter : backbone.named_parameters()) {
      if (!is_below(parameter.key(), part)) continue;
      parameter.value().set_requires_grad(false);
      known = true;
    }
    if (!known) throw unknown_part(backbone, part).key("train.freeze");
  }
}

// What is frozen already stays so.
void keep_norms(Backbone& backbone) {
  std::set<std::string> norms;
  for (const auto& module : backbone.named_modules("", /*include_self=*/false)) {
    if (is_norm(*module.value())) norms.insert(module.key());
  }
  bool any = false;
  for (auto& parameter : backbone.named_parameters()) {
    const std::string owner = parameter.key().substr(0, parameter.key().rfind('.'));
    if (norms.contains(owner)) {
      any = any || parameter.value().requires_grad();
    } else {
      parameter.value().set_requires_grad(false);
    }
  }
  if (!any) throw Error::usage("no normalisation layer is left to learn").key("train.tune");
}

void adapt(Backbone& backbone, const LoraConfig& config) {
  add_lora(backbone, config.rank, config.alpha, config.parts);
  for (auto& parameter : backbone.named_parameters()) {
    const std::string& name = parameter.key();
    if (!is_lora_factor(name.substr(name.rfind('.') + 1))) parameter.value().set_requires_grad(false);
  }
}

}  // namespace

std::vector<std::shared_ptr<torch::nn::Module>> choose_learnt(Backbone& backbone, const LoopConfig& config) {
  freeze(backbone, config.freeze);
  if (config.tune == "norm") keep_norms(backbone);
  if (config.tune == "lora") adapt(backbone, config.lora);
  std::vector<std::shared_ptr<torch::nn::Module>> still;
  for (const auto& module : backbone.named_modules("", /*include_self=*/false)) {
    const bool frozen = std::any_of(config.freeze.begin(), config.freeze.end(),
                                    [&](const std::string& part) { return is_below(module.key(), part); });
    if (frozen || (config.tune == "lora" && is_norm(*module.value()))) still.push_back(module.value());
  }
  return still;
}

}  // namespace facerec
