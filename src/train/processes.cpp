#include "facerec/train/processes.h"

#include <fmt/format.h>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/data/dataset.h"
#include "facerec/io/sha256.h"
#include "train/config_differences.h"
#include "train/run_set_up.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

Json description_of(const TrainingSet& data) {
  Sha256 labels;
  for (int64_t i = 0; i < data.images->size(); ++i) {
    const int64_t label = data.images->label(i);
    labels.add(std::as_bytes(std::span(&label, 1)));
  }
  return {{"images", data.images->size()}, {"identities", data.images->classes()}, {"labels", labels.hex()}};
}

}  // namespace

std::unique_ptr<World> meet_processes(const ProcessPlace& place, const TrainConfig& config) {
  if (place.size == 1) return std::make_unique<World>();
  return std::make_unique<World>(place, device_of(config, place), std::chrono::seconds(config.run.timeout));
}

std::string told_by_first(const World& world, const std::function<std::string()>& say) {
  Json told;
  std::exception_ptr failure;
  if (world.is_first()) {
    try {
      told["said"] = say();
    } catch (const std::exception& error) {
      failure = std::current_exception();
      told["failed"] = error.what();
    }
  }
  told = Json::parse(world.exchange(to_json_text(told)).front());
  if (failure) std::rethrow_exception(failure);
  if (told.contains("failed")) throw Error("the first process gave up: " + told.at("failed").get<std::string>());
  return told.at("said").get<std::string>();
}

void check_alike(const World& world, const TrainConfig& config, const TrainingSet& data) {
  if (world.size() == 1) return;
  const Json own{{"config", config_json(config)}, {"data", description_of(data)}};
  const std::vector<std::string> all = world.exchange(to_json_text(own));
  const Json first = Json::parse(all.front());
  for (size_t rank = 1; rank < all.size(); ++rank) {
    const Json other = Json::parse(all[rank]);
    const std::string there = fmt::format("in process {}", rank);
    std::string differences =
        config_differences(Compared::processes, first.at("config"), other.at("config"), "in process 0", there);
    differences += config_differences(Compared::processes, first.at("data"), other.at("data"), "in process 0", there);
    if (differences.empty()) continue;
    throw Error::usage("the processes of this training were not given the same:" + differences)
        .hint("start all of them with the same configuration, options and data");
  }
}

}  // namespace facerec
