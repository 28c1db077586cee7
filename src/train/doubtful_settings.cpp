#include "facerec/train/doubtful_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

struct Use {
  const char* place;  // of the key in JSON
  bool has_meaning;
  std::string reason;  // where it has none
};

std::vector<Use> uses_of(const TrainConfig& config) {
  const bool identity = config.task == "identity", pk = config.data.sampler.name == "pk";
  const bool backbone = config.task != "super_resolution";
  const std::string task = "task is " + config.task, sampler = "the sampler is " + config.data.sampler.name;
  return {
      {"/head", identity && config.loss.classification.weight > 0, identity ? "loss.classification.weight is 0" : task},
      {"/model", backbone, task},
      {"/loss/classification", backbone, task},
      {"/loss/metric", identity, task},
      {"/distill", identity && !config.distill.teacher.empty(), identity ? "no teacher is named" : task},
      {"/super_resolution", !backbone, task},
      {"/data/attributes", config.task == "attributes", task},
      {"/data/min_images", identity, task},
      {"/data/sampler/identities", pk, sampler},
      {"/data/sampler/images", pk, sampler},
      {"/train/gradient_checkpointing", backbone, task},
      {"/train/lora", config.train.tune == "lora", "train.tune is " + config.train.tune},
      {"/train/low_resolution/scale", config.train.low_resolution.probability > 0, "its probability is 0"},
      {"/train/low_resolution/probability", config.train.low_resolution.scale > 1, "its scale is 1"},
      {"/train/sync_batch_norm", backbone, task},
      {"/train/cuda_graph", config.run.device != "cpu", "run.device is cpu"},
      {"/loss/classification/gamma", config.loss.classification.name != "cross_entropy", "the loss is cross_entropy"},
      {"/schedule/milestones", config.schedule.name == "step", "the schedule is " + config.schedule.name},
      {"/schedule/gamma", config.schedule.name == "step", "the schedule is " + config.schedule.name},
      {"/optimizer/momentum", config.optimizer.name == "sgd", "the optimizer is " + config.optimizer.name},
      {"/optimizer/nesterov", config.optimizer.name == "sgd", "the optimizer is " + config.optimizer.name},
      {"/optimizer/beta1", config.optimizer.name != "sgd", "the optimizer is sgd"},
      {"/optimizer/beta2", config.optimizer.name != "sgd", "the optimizer is sgd"},
      {"/optimizer/eps", config.optimizer.name != "sgd", "the optimizer is sgd"},
      {"/schedule/power", config.schedule.name == "polynomial", "the schedule is " + config.schedule.name},
      {"/super_resolution/groups", config.super_resolution.network == "rcan", "the network is espcn"},
      {"/super_resolution/blocks", config.super_resolution.network == "rcan", "the network is espcn"},
      {"/data/label_space", config.data.train.size() > 1, "there is one training set"},
      {"/distill/temperature", config.distill.logit_weight > 0, "distill.logit_weight is 0"},
      {"/data/augment/crop", backbone, task}};
}

std::string dotted(std::string place) {
  std::ranges::replace(place, '/', '.');
  return place.substr(1);
}

}  // namespace

std::vector<std::string> doubtful_settings(const TrainConfig& config) {
  std::vector<std::string> sentences;
  const Json given = config_json(config), defaults = config_json(TrainConfig{});
  for (const Use& use : uses_of(config)) {
    const Json::json_pointer place(use.place);
    if (use.has_meaning || given.at(place) == defaults.at(place)) continue;
    sentences.push_back(fmt::format("{} has no effect: {}", dotted(use.place), use.reason));
  }
  for (const MetricLossConfig& loss : config.loss.metric) {
    if (loss.name == "center" || config.data.sampler.name == "pk" || config.task != "identity") continue;
    std::string sentence = fmt::format(
        "the loss {} compares images of one identity, which batches of the sampler {} seldom hold: see data.sampler pk",
        loss.name, config.data.sampler.name);
    if (std::ranges::find(sentences, sentence) == sentences.end()) sentences.push_back(std::move(sentence));
  }
  return sentences;
}

}  // namespace facerec
