#include "facerec/recognize/align.h"

#include <spdlog/spdlog.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "data/pack_state.h"
#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/stop.h"
#include "recognize/align_job.h"
#include "recognize/align_options.h"
#include "recognize/align_output.h"
#include "recognize/align_run.h"
#include "recognize/align_sheet.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

// Hands out the detector that was opened before anything was written, then others.
class Detectors {
 public:
  explicit Detectors(const DetectorFactory& open) : open_(open), first_(open()) {}
  std::unique_ptr<Detector> take() {
    {
      const std::lock_guard lock(mutex_);
      if (first_) return std::move(first_);
    }
    return open_();
  }

 private:
  const DetectorFactory& open_;
  std::mutex mutex_;
  std::unique_ptr<Detector> first_;
};

Json to_json(const AlignCounts& counts) {
  return {{"images", counts.images},   {"aligned", counts.aligned}, {"fallback", counts.fallback},
          {"no_face", counts.no_face}, {"failed", counts.failed},   {"faces", counts.faces},
          {"crops", counts.crops}};
}

AlignCounts counts_of(const Json& json) {
  return {json.at("images"), json.at("aligned"), json.at("fallback"), json.at("no_face"),
          json.at("failed"), json.at("faces"),   json.at("crops")};
}

Json left_out(const Problems& problems) {
  Json first = Json::array();
  for (const BadInput& input : problems.list()) first.push_back({{"image", input.name}, {"reason", input.reason}});
  return {{"count", problems.count()}, {"first", std::move(first)}};
}

Json head_of(const AlignTask& task, const fs::path& out, const Json& description, const AlignSummary& summary) {
  const Shard& shard = task.options.shard;
  const size_t pairs = task.source.pairs.pairs.size();
  return {{"schema", 1},
          {"in", description.at("path")},
          {"out", text_of(out)},
          {"format", task.options.format},
          {"options", description},
          {"shard", shard.count > 1 ? Json{shard.index, shard.count} : Json()},
          {"counts", to_json(summary.counts)},
          {"pairs", pairs == 0 ? Json() : Json{{"pairs", pairs}, {"missing", summary.missing_pairs}}},
          {"left_out", left_out(task.source.problems)}};
}

// A list may name images that lie in the very folder that is to be replaced.
void check_images_apart(const AlignSource& source, const fs::path& crops) {
  if (crops.empty() || !source.tree.empty()) return;
  const std::string folder = text_of(fs::weakly_canonical(crops) / "");
  for (int64_t i = 0; i < source.images->size(); ++i) {
    const fs::path image = source.images->name(i);
    if (!fs::absolute(image).lexically_normal().string().starts_with(folder)) continue;
    throw Error::usage("is an image to be aligned, and lies inside the output").file(text_of(image));
  }
}

AlignSummary summary_of_earlier(const fs::path& file) {
  const Json json = read_align_summary(file);
  AlignSummary summary;
  summary.file = file;
  summary.counts = counts_of(json.at("counts"));
  summary.left_out = json.at("left_out").at("count");
  if (!json.at("pairs").is_null()) summary.missing_pairs = json.at("pairs").at("missing");
  summary.done_before = summary.counts.images;
  summary.already_there = true;
  return summary;
}

// What comes when every image has its record; false when a signal stopped it.
bool finish(const AlignTask& task, const AlignPlaces& places, const AlignRun& run, const Json& description,
            const AlignProgress& progress, AlignSummary& summary) {
  const JournalLines lines(places.journal.string() + ".part");
  if (!task.options.preview.empty()) write_align_sheet(task, lines, run.first());
  summary.missing_pairs = check_crops(task, run.tally());
  if (!write_align_output(task, places, run.tally(), lines, to_json_text(description), progress)) return false;
  write_align_summary(places.summary, head_of(task, places.out, description, summary), lines, run.tally());
  return true;
}

}  // namespace

AlignSummary align_images(const AlignInput& input, const fs::path& out, const AlignOptions& options,
                          const DetectorFactory& open, const AlignProgress& progress) {
  check_align_options(options);
  const AlignPlaces places(out, options);
  check_apart(path_of(input), out);
  if (!places.crops.empty()) check_apart(path_of(input), places.crops);
  if (!options.preview.empty()) const AtomicFile can_be_written(options.preview);
  const AlignSource source = open_align_source(input, options);
  check_images_apart(source, places.crops);
  const auto landmarks = options.landmarks.empty() ? nullptr : open_landmarks(options.landmarks);
  std::optional<Detectors> detectors;
  if (!landmarks) detectors.emplace(open);

  const Json description = describe_align(input, options, source);
  AlignJob job(places, options, to_json_text(description));
  if (job.is_done()) return summary_of_earlier(places.summary);

  const CropNames names(source, options, !places.crops.empty());
  const int reduction = landmarks ? 1 : detection_reduction(options.selection);
  const AlignTask task{source, options, names, landmarks.get(), reduction, places.crops, places.scratch};
  AlignRun run(task, places.journal);
  if (job.goes_on()) run.take_up();
  AlignSummary summary;
  summary.file = places.summary;
  summary.left_out = source.problems.count();
  summary.done_before = run.done();
  const bool has_all = run.run([&] { return detectors->take(); }, progress);
  summary.counts = run.tally().counts();
  if (landmarks && !landmarks->note().empty()) spdlog::warn("{}: {}", options.landmarks, landmarks->note());
  if (has_all && finish(task, places, run, description, progress, summary)) {
    job.end();
  } else {
    summary.signal = stop_signal();
  }
  return summary;
}

}  // namespace facerec
