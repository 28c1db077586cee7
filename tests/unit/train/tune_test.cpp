#include "train/tune.h"

#include <gtest/gtest.h>

#include <set>

#include "facerec/core/error.h"
#include "model/layers.h"

namespace facerec {
namespace {

std::shared_ptr<Backbone> backbone_of(const std::string& name) {
  return make_backbone({.name = name, .embedding_size = 16, .input = {32, 32}});
}

struct Learnt {
  std::set<std::string> parameters;
  std::vector<std::shared_ptr<torch::nn::Module>> still;
};

Learnt learnt(const std::string& tune, const std::vector<std::string>& freeze, const std::string& name = "ir_tiny") {
  LoopConfig config;
  config.tune = tune;
  config.freeze = freeze;
  config.lora.rank = 4;
  const auto backbone = backbone_of(name);
  Learnt result;
  result.still = choose_learnt(*backbone, config);
  for (const auto& parameter : backbone->named_parameters()) {
    if (parameter.value().requires_grad()) result.parameters.insert(parameter.key());
  }
  return result;
}

Error error_of(const LoopConfig& config, const std::string& name = "ir_tiny") {
  try {
    choose_learnt(*backbone_of(name), config);
  } catch (const Error& error) {
    return error;
  }
  return Error("nothing was thrown");
}

TEST(Tune, FullLeavesOutWhatIsFrozen) {
  const Learnt all = learnt("full", {}), most = learnt("full", {"body.0", "input_layer"});
  EXPECT_TRUE(all.still.empty());
  EXPECT_FALSE(most.still.empty());
  for (const std::string& name : all.parameters) {
    const bool frozen = name.starts_with("body.0.") || name.starts_with("input_layer.");
    EXPECT_EQ(most.parameters.contains(name), !frozen) << name;
  }
}

TEST(Tune, NormIsBatchNormAndLayerNormAlone) {
  const Learnt norm = learnt("norm", {"input_layer"});
  EXPECT_TRUE(norm.parameters.contains("body.0.res_layer.0.weight"));
  EXPECT_TRUE(norm.parameters.contains("body.0.res_layer.0.bias"));
  EXPECT_FALSE(norm.parameters.contains("body.0.res_layer.1.weight")) << "a convolution";
  EXPECT_FALSE(norm.parameters.contains("input_layer.1.weight")) << "frozen";
  for (const std::string& name : learnt("norm", {}, "vit_t").parameters) {
    EXPECT_TRUE(name.find("norm") != std::string::npos || name.starts_with("feature.")) << name;
  }
  // arcface_torch keeps the last weight at 1.
  EXPECT_FALSE(learnt("norm", {}, "iresnet18").parameters.contains("features.weight"));
}

TEST(Tune, LoraIsItsFactorsAlone) {
  const Learnt lora = learnt("lora", {"body.0"});
  EXPECT_TRUE(lora.parameters.contains("body.1.res_layer.1.lora_A"));
  for (const std::string& name : lora.parameters) {
    EXPECT_TRUE(name.ends_with("lora_A") || name.ends_with("lora_B")) << name;
    EXPECT_FALSE(name.starts_with("body.0.")) << "frozen";
  }
  size_t norms = 0;
  for (const auto& module : lora.still) norms += dynamic_cast<layers::BatchNorm*>(module.get()) != nullptr;
  size_t in_backbone = 0;
  for (const auto& module : backbone_of("ir_tiny")->modules()) {
    in_backbone += dynamic_cast<layers::BatchNorm*>(module.get()) != nullptr;
  }
  EXPECT_EQ(norms, in_backbone);
}

TEST(Tune, ErrorsNameTheKey) {
  LoopConfig config;
  config.freeze = {"nose"};
  EXPECT_EQ(error_of(config).key(), "train.freeze");
  EXPECT_EQ(error_of(config).message(), "the backbone has no part 'nose'");
  config.freeze = {"input_layer", "body", "output_layer"};
  config.tune = "norm";
  EXPECT_EQ(error_of(config).key(), "train.tune");
  config.tune = "lora";
  EXPECT_EQ(error_of(config).key(), "train.lora.rank");
  config.lora.parts = {"body"};
  EXPECT_EQ(error_of(config).key(), "train.lora.parts");
}

}  // namespace
}  // namespace facerec
