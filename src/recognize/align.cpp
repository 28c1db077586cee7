#include "facerec/recognize/align.h"

#include <spdlog/spdlog.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "data/pack_state.h"
#include "facerec/config/config.h"
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

Json head_of(const AlignInput& input, const fs::path& out, const AlignOptions& options, const AlignSource& source,
             const Json& job, const AlignSummary& summary) {
  return {{"schema", 1},
          {"in", text_of(path_of(input))},
          {"out", text_of(out)},
          {"format", options.format},
          {"options", job},
          {"shard", options.shard.count > 1 ? Json{options.shard.index, options.shard.count} : Json()},
          {"counts", to_json(summary.counts)},
          {"pairs", source.pairs.pairs.empty()
                        ? Json()
                        : Json{{"pairs", source.pairs.pairs.size()}, {"missing", summary.missing_pairs}}},
          {"left_out", left_out(source.problems)}};
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

}  // namespace

AlignSummary align_images(const AlignInput& input, const fs::path& out, const AlignOptions& options,
                          const DetectorFactory& open, const AlignProgress& progress) {
  check_align_options(options);
  check_apart(path_of(input), out);
  const AlignSource source = open_align_source(input, options.format, options.skip_missing);
  const auto landmarks = options.landmarks.empty() ? nullptr : open_landmarks(options.landmarks);
  std::optional<Detectors> detectors;
  if (!landmarks) detectors.emplace(open);

  const AlignPlaces places(out, options);
  const Json description = describe_align(input, options, source);
  const std::string text = to_json_text(description);
  AlignJob job(places, options, text);
  if (job.is_done()) return summary_of_earlier(places.summary);

  const bool keeps_tree = !places.crops.empty() && !source.tree.empty();
  const bool numbered = options.selection.faces == FaceChoice::all;
  const CropNames names(source, keeps_tree, numbered, options.jpeg_quality > 0 ? ".jpg" : ".png");
  const AlignTask task{
      source,       options,       names, landmarks.get(), landmarks ? 1 : detection_reduction(options.selection),
      places.crops, places.scratch};
  AlignRun run(task, places.journal);
  AlignSummary summary;
  if (job.goes_on()) run.take_up();
  summary.done_before = run.done();
  const bool is_complete = run.run([&] { return detectors->take(); }, progress);
  summary.counts = run.tally().counts();
  summary.left_out = source.problems.count();
  summary.file = places.summary;
  summary.signal = stop_signal();
  if (landmarks && !landmarks->note().empty()) spdlog::warn("{}: {}", options.landmarks, landmarks->note());
  if (!is_complete) return summary;

  const JournalLines lines(places.journal.string() + ".part");
  if (!options.preview.empty()) write_align_sheet(task, lines, run.first());
  summary.missing_pairs = check_crops(task, run.tally());
  if (!write_align_output(task, places, run.tally(), lines, text, progress)) {
    summary.signal = stop_signal();
    return summary;
  }
  summary.signal = 0;
  write_align_summary(places.summary, head_of(input, out, options, source, description, summary), lines, run.tally());
  job.end();
  return summary;
}

}  // namespace facerec
