#include <spdlog/spdlog.h>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/io/safetensors.h"
#include "facerec/io/sha256.h"
#include "facerec/train/run_folder.h"
#include "facerec/train/run_summary.h"
#include "train/checkpoint.h"
#include "train/config_differences.h"

namespace facerec {
namespace {

std::string differences_to(const fs::path& checkpoint, const TrainConfig& config) {
  const nlohmann::ordered_json stored = read_run_state(checkpoint).config;
  nlohmann::ordered_json wanted = config_json(config);
  if (config.init_from.empty()) wanted["init_from"] = stored.value("init_from", "");  // where a run began is no matter
  return config_differences(Compared::resumed, stored, wanted, "there", "now");
}

void check_config(const fs::path& checkpoint, const TrainConfig& config, const fs::path& run) {
  const std::string differences = differences_to(checkpoint, config);
  if (differences.empty()) return;
  throw Error::usage("the configuration is not that of the run to be resumed:" + differences)
      .file(text_of(run))
      .hint("use the run's own config.yaml, or start a new run without --resume or under another run.name");
}

void check_file(const fs::path& file, const std::string& digest) {
  const SafetensorsFile opened(file);
  if (!digest.empty() && sha256_of(file) != digest)
    throw Error("is damaged: its SHA-256 is another").file(text_of(file));
}

bool is_readable(const fs::path& checkpoint) {
  try {
    for (const auto& [file, digest] : read_run_state(checkpoint).files) check_file(checkpoint / file, digest);
    return true;
  } catch (const Error& error) {
    spdlog::warn("the checkpoint {} is left out: {}", text_of(checkpoint), error.what());
    return false;
  }
}

std::optional<fs::path> newest_readable(const fs::path& run) {
  for (const CheckpointFolder& checkpoint : find_checkpoints(run)) {
    if (is_readable(checkpoint.path)) return checkpoint.path;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ResumePoint> find_resume_point(const TrainConfig& config) {
  for (const fs::path& run : find_runs(config.run.dir, config.run.name)) {
    const auto checkpoint = newest_readable(run);
    if (!checkpoint) continue;
    check_config(*checkpoint, config, run);
    return ResumePoint{run, *checkpoint};
  }
  return std::nullopt;
}

std::optional<ResumePoint> find_failed_run(const TrainConfig& config) {
  const std::vector<fs::path> runs = find_runs(config.run.dir, config.run.name);
  if (runs.empty()) return std::nullopt;
  const auto checkpoint = newest_readable(runs.front());
  if (!checkpoint || summarise_run(runs.front(), 0).status == RunStatus::finished) return std::nullopt;
  if (!differences_to(*checkpoint, config).empty()) return std::nullopt;
  return ResumePoint{runs.front(), *checkpoint};
}

ResumePoint resume_point_of(const fs::path& run, const TrainConfig& config) {
  const auto checkpoint = newest_readable(run);
  if (!checkpoint) throw Error::usage("has no checkpoint to resume from").file(text_of(run));
  check_config(*checkpoint, config, run);
  return {run, *checkpoint};
}

}  // namespace facerec
