#include "tools/run/smoke.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>

#include "facerec/core/error.h"
#include "facerec/data/synth.h"

namespace facerec {
namespace {

constexpr int64_t steps = 4, images_per_step = 4;

void shorten(TrainConfig& config) {
  config.train.epochs = 2;  // four steps, with accumulation too
  config.train.max_steps = steps;
  config.train.batch_size = images_per_step;
  config.train.accumulate = std::min<int64_t>(config.train.accumulate, 2);
  config.train.memory_format = "channels_first";  // without timing the other one
  config.train.head_warmup_steps = std::min<int64_t>(config.train.head_warmup_steps, 1);
  config.train.log_every = 1;
  if (config.data.sampler.name == "pk") {
    config.data.sampler.identities = 2;
    config.data.sampler.images = images_per_step / 2;
  }
  if (config.task == "super_resolution") {
    SuperResolutionConfig& task = config.super_resolution;
    task.patch = std::min(task.patch, 32 / task.scale * task.scale);
  }
}

}  // namespace

SmokeData::SmokeData() {
  std::string pattern = (fs::temp_directory_path() / "facerec-smoke-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw Error("no temporary folder can be made").file(pattern);
  folder_ = pattern;
  SynthConfig faces;
  faces.identities = 8;
  faces.images_per_identity = 3;
  faces.pairs = 20;
  write_synthetic_set(faces, folder_, 0, /*force=*/true, [](int64_t, int64_t) {});
}

SmokeData::~SmokeData() {
  std::error_code code;
  fs::remove_all(folder_, code);
}

void SmokeData::take_place(TrainConfig& config) const {
  const bool identity = config.task == "identity";
  if (!config.init_from.empty()) spdlog::info("smoke: the weights of {} are left away", config.init_from);
  if (!config.distill.teacher.empty()) spdlog::info("smoke: the teacher {} is left away", config.distill.teacher);
  config.init_from.clear();
  config.distill.teacher.clear();
  config.data.root.clear();
  config.data.min_images = 1;
  auto part = [&](const char* name) { return text_of(identity ? folder_ / name : folder_ / name / "attributes.csv"); };
  config.data.train = {{}};
  config.data.train.front().path = part("train");
  for (AttributeConfig& attribute : config.data.attributes) {
    attribute = {.name = attribute.name, .pattern = "", .file = "", .column = "expression"};  // of attributes.csv
  }
  config.validation.data = {{"synthetic", part("eval"), ""}};
  config.run.name += "-smoke";
  shorten(config);
}

}  // namespace facerec
