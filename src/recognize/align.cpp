#include "facerec/recognize/align.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/stop.h"
#include "recognize/align_job.h"
#include "recognize/align_options.h"
#include "recognize/align_output.h"
#include "recognize/align_pairs.h"
#include "recognize/align_places.h"
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

Json pairs_of(const AlignTask& task, const AlignSummary& summary) {
  const Json file = is_packed(task.options.format) ? Json() : Json(pairs_file(task.source));
  return {{"pairs", task.source.pairs.pairs.size()}, {"missing", summary.missing_pairs}, {"file", file}};
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
          {"pairs", pairs == 0 ? Json() : pairs_of(task, summary)},
          {"left_out", left_out(task.source.problems)}};
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
  summary.missing_pairs = check_crops(task, run.tally(), lines);
  if (!write_align_output(task, places, run.tally(), lines, to_json_text(description), progress)) return false;
  write_align_summary(places.summary, head_of(task, places.out, description, summary), lines, run.tally());
  return true;
}

// What is gone of a finished alignment, and the preview that is asked for.
void mend(const AlignTask& task, const AlignPlaces& places, AlignRun& run) {
  const JournalLines lines(places.summary);
  run.take_up(lines);
  if (!places.crops.empty()) sync_filesystem(places.crops);
  if (!task.options.preview.empty()) write_align_sheet(task, lines, run.first());
}

void tell_of(const LandmarkFile& landmarks, const AlignTask& task, const AlignTally& tally) {
  const std::string& file = task.options.landmarks;
  if (!landmarks.note().empty()) spdlog::warn("{}: {}", file, landmarks.note());
  if (tally.counts().faces > 0 || tally.counts().images == 0) return;
  const std::string its_images = landmarks.size() < 0 ? "its images" : fmt::format("its {} images", landmarks.size());
  spdlog::warn("{}: none of {} is among those aligned, such as {}", file, its_images, task.source.place(0));
}

}  // namespace

AlignSummary align_images(const AlignInput& input, const fs::path& out, const AlignOptions& options,
                          const DetectorFactory& open, const AlignProgress& progress) {
  check_align_options(options);
  const AlignPlaces places(out, options);
  check_places(input, options, places);
  const AlignSource source = open_align_source(input, options);
  check_images_apart(source, places.crops);
  const auto landmarks = options.landmarks.empty() ? nullptr : open_landmarks(options.landmarks);
  std::optional<Detectors> detectors;
  if (!landmarks) detectors.emplace(open);

  const Json description = describe_align(input, options, source);
  AlignJob job(places, options, to_json_text(description));
  const CropNames names(source, options, !places.crops.empty());
  const int reduction = landmarks ? 1 : detection_reduction(options.selection);
  const AlignTask task{source, options, names, landmarks.get(), reduction, places.crops, places.scratch};
  AlignRun run(task, places.journal);
  if (job.is_done()) {
    mend(task, places, run);
    job.end();
    return summary_of_earlier(places.summary);
  }
  if (job.goes_on()) run.take_up(JournalLines(places.journal.string() + ".part"));
  AlignSummary summary;
  summary.file = places.summary;
  summary.left_out = source.problems.count();
  summary.done_before = run.done();
  const bool has_all = run.run([&] { return detectors->take(); }, progress);
  summary.counts = run.tally().counts();
  if (landmarks) tell_of(*landmarks, task, run.tally());
  if (has_all && finish(task, places, run, description, progress, summary)) {
    job.end();
  } else {
    summary.signal = stop_signal();
  }
  return summary;
}

}  // namespace facerec
