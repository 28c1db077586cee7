#include "recognize/align_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "data/views.h"
#include "facerec/core/error.h"
#include "facerec/core/stop.h"
#include "facerec/data/pack.h"
#include "recognize/align_pairs.h"
#include "recognize/crop_set.h"

namespace facerec {
namespace {

struct Stopped {};

// A shard does not know what the others give: as if all had crops.
HasCrop has_crop(const AlignTask& task, const AlignTally& tally) {
  return [&task, &tally](int64_t image) { return task.options.shard.count > 1 || tally.has_crop(image); };
}

// `path label` a line, the path relative to the list's folder.
void write_list(const AlignTask& task, const AlignPlaces& places, const JournalLines& lines) {
  AtomicFile list(places.out);
  std::string text;
  for (int64_t image = 0; image < lines.size(); ++image) {
    const size_t crops = lines.record(image).crops.size();
    for (size_t i = 0; i < crops; ++i) {
      const fs::path file = places.crops.filename() / task.names.file(image, i);
      text += fmt::format("{}\t{}\n", text_of(file), task.source.images->label(image));
    }
    if (text.size() < (size_t{1} << 20) && image + 1 < lines.size()) continue;
    list.write(text);
    text.clear();
  }
  list.commit();
}

PackOptions pack_options(const AlignTask& task) {
  PackOptions options;
  options.format = task.options.format;
  options.threads = task.options.threads;
  options.strict = true;  // each has been read before
  options.force = task.options.force;
  options.resume = task.options.resume && !task.options.force;
  return options;
}

// Every crop is of an image of its own here, in the order of the images.
PairSet crop_pairs(const AlignTask& task, const AlignTally& tally, std::shared_ptr<const Dataset> crops) {
  PairSet set = pairs_with_crops(task.source.pairs, has_crop(task, tally));
  std::vector<uint32_t> numbers(static_cast<size_t>(task.source.images->size()));
  uint32_t next = 0;
  for (size_t image = 0; image < numbers.size(); ++image) {
    numbers[image] = next;
    next += tally.has_crop(static_cast<int64_t>(image)) ? 1 : 0;
  }
  for (Pair& pair : set.pairs) pair = {numbers[pair.a], numbers[pair.b], pair.same};
  set.images = std::move(crops);
  return set;
}

bool pack_crops(const AlignTask& task, const AlignPlaces& places, const AlignTally& tally, const JournalLines& lines,
                const std::string& job, const AlignProgress& progress) {
  const auto crops = std::make_shared<CropSet>(task, lines);
  const PackOptions options = pack_options(task);
  if (!task.source.pairs.pairs.empty()) {
    const PackProgress stop_or_progress = [&](int64_t done, int64_t total) {
      if (stop_signal() != 0) throw Stopped();
      if (progress) progress(done, total);
    };
    try {
      pack_evaluation_set(crop_pairs(task, tally, crops), places.out, options, stop_or_progress);
    } catch (const Stopped&) {
      return false;
    }
    return true;
  }
  std::vector<uint32_t> all(static_cast<size_t>(crops->size()));
  std::iota(all.begin(), all.end(), 0U);
  // Without the identities that have no crop.
  const auto images = std::make_shared<SubsetDataset>(crops, std::move(all));
  return pack_images(images, job, places.out, options, progress).signal == 0;
}

// `first`: of the images, none of which gave a crop.
Error no_crops(const AlignTask& task, const ImageRecord& first) {
  const bool lacks_identity = needs_identity(task.options.format) && !task.source.has_identity(0);
  return Error(fmt::format("no image of it gave a crop, {} for one: {}", first.image, first.reason))
      .hint(lacks_identity ? "--label says which part of a path it is; --to folder asks for none"
                           : "--preview FILE.png shows what was found, --fallback center cuts the centre");
}

}  // namespace

int64_t check_crops(const AlignTask& task, const AlignTally& tally, const JournalLines& lines) {
  const AlignOptions& options = task.options;
  if (options.format != "folder" && tally.counts().crops == 0) throw no_crops(task, lines.record(0));
  const HasCrop has = has_crop(task, tally);
  const PairSet& all = task.source.pairs;
  const PairSet kept = pairs_with_crops(all, has);
  if (kept.pairs.size() == all.pairs.size() || options.skip_missing) return kept.missing;
  const auto lacks = [&](const Pair& pair) { return !has(pair.a) || !has(pair.b); };
  const Pair first = *std::ranges::find_if(all.pairs, lacks);
  throw Error(fmt::format("{} of {} pairs have an image that gave no crop, such as {}",
                          all.pairs.size() - kept.pairs.size(), all.pairs.size(),
                          task.source.place(has(first.a) ? first.b : first.a)))
      .hint("--fallback center cuts such images out of their centre; --resume --skip-missing leaves the pairs out");
}

bool write_align_output(const AlignTask& task, const AlignPlaces& places, const AlignTally& tally,
                        const JournalLines& lines, const std::string& job, const AlignProgress& progress) {
  if (places.crops.empty()) return pack_crops(task, places, tally, lines, job, progress);
  if (places.crops != places.out) write_list(task, places, lines);
  if (!task.source.pairs.pairs.empty()) {
    write_pairs(task.source, has_crop(task, tally), task.names, places.crops);
  }
  return true;
}

}  // namespace facerec
