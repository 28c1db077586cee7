// What the files in configs/ promise.
#include <gmock/gmock.h>

#include "facerec/config/config.h"
#include "facerec/model/backbone.h"
#include "facerec/train/config.h"
#include "support/reference.h"

namespace facerec {
namespace {

struct Recipe {
  std::string name;  // "train/efficientnet_b0_triarchy"
  TrainConfig config;
};

TrainConfig read_recipe(const fs::path& path) {
  TrainConfig config;
  read_config(load_yaml(path), config);
  return config;
}

std::vector<Recipe> recipes() {
  const fs::path root = fs::path(FACEREC_SOURCE_DIR) / "configs";
  std::vector<Recipe> found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".yaml") continue;
    found.push_back({fs::relative(entry.path(), root).replace_extension(), read_recipe(entry.path())});
  }
  return found;
}

TrainConfig recipe(const std::string& name) {
  return read_recipe(fs::path(FACEREC_SOURCE_DIR) / "configs" / (name + ".yaml"));
}

TEST(Recipes, AreThere) {
  std::vector<std::string> names;
  for (const Recipe& each : recipes()) names.push_back(each.name);
  EXPECT_THAT(names, testing::IsSupersetOf({"pretrain/resnet50_arcface_ms1m", "finetune/resnet50_arcface_koreanface",
                                            "finetune/iresnet50_arcface_aihub", "pretrain/efficientnet_b0_pretext",
                                            "train/efficientnet_b0_triarchy", "train/irse50_arcface_focal_casia",
                                            "train/iresnet50_arcface_ms1mv3", "train/iresnet100_cosface_glint360k",
                                            "train/adaface_ir_101_ms1mv2"}));
}

TEST(Recipes, HaveBackbonesThatCanBeBuilt) {
  for (const Recipe& each : recipes()) {
    const ModelConfig& model = each.config.model;
    const int64_t parameters = count_parameters(spec_of(model));
    EXPECT_GT(parameters, 0) << each.name;
    if (model.max_parameters == 0) continue;
    EXPECT_LE(parameters, model.max_parameters) << each.name;
  }
}

TEST(Recipes, FillTheirBatches) {
  for (const Recipe& each : recipes()) {
    const SamplerConfig& sampler = each.config.data.sampler;
    if (sampler.name != "pk") continue;
    EXPECT_EQ(sampler.identities * sampler.images, each.config.train.batch_size) << each.name;
  }
}

// The peers' optimizer steps see this many images.
TEST(Recipes, StepOverThePublishedBatches) {
  const std::pair<const char*, int64_t> published[] = {
      {"pretrain/resnet50_arcface_ms1m", 256},  {"finetune/resnet50_arcface_koreanface", 512},
      {"train/efficientnet_b0_triarchy", 128},  {"train/irse50_arcface_focal_casia", 64},
      {"train/iresnet50_arcface_ms1mv3", 1024}, {"train/iresnet100_cosface_glint360k", 1024},
      {"train/adaface_ir_101_ms1mv2", 512},
  };
  for (const auto& [name, images] : published) {
    const LoopConfig loop = recipe(name).train;
    EXPECT_EQ(loop.batch_size * loop.accumulate, images) << name;
  }
}

// The number that the challenge's winner published for the model without its head.
TEST(Recipes, TriarchyDeploysThePublishedNumberOfParameters) {
  const ModelConfig model = recipe("train/efficientnet_b0_triarchy").model;
  EXPECT_EQ(count_parameters(spec_of(model)), 4'663'420);
  EXPECT_EQ(recipe("pretrain/efficientnet_b0_pretext").model.name, model.name);
}

}  // namespace
}  // namespace facerec
