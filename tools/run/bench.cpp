#include "facerec/train/bench.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "facerec/config/config.h"
#include "facerec/data/dataset.h"
#include "facerec/train/processes.h"
#include "tools/run/log.h"
#include "tools/run/named_paths.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

bool names_data(const DataConfig& config) {
  return std::ranges::any_of(config.train, [](const TrainingSetConfig& set) { return !set.path.empty(); });
}

}  // namespace

int run_bench(const BenchVerb& verb, const CommonOptions& common) {
  const ProcessPlace place = process_place();
  if (place.rank > 0) quieten_log(place.rank);
  BenchOptions options{.config = verb.train.config,
                       .classes = verb.classes,
                       .steps = verb.steps,
                       .warmup = verb.warmup,
                       .find_batch_size = verb.find_batch_size,
                       .place = place};
  TrainConfig& config = options.config;
  std::optional<TrainingSet> data;
  take_published_layout(config);
  find_teacher(config);
  if (names_data(config.data)) {
    data = config.task == "identity" ? open_training_set(config.data) : open_training_images(config.data);
    options.data = &*data;
  } else {
    spdlog::info("data.train names no data: random pixels, {} identities", verb.classes);
  }
  const std::unique_ptr<World> world = meet_processes(place, config);
  const BenchResult result = bench_train(options, *world);
  if (world->is_first()) print_answer(common, to_json(result), to_text(result));
  return exit_done;
}

}  // namespace facerec
