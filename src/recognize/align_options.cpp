#include "recognize/align_options.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "data/pack_state.h"
#include "facerec/core/error.h"
#include "facerec/io/sha256.h"

namespace facerec {

int detection_reduction(const SelectionOptions& selection) {
  constexpr int smallest_face = 40;
  int reduction = 8;
  while (reduction > 1 && selection.min_size / reduction < smallest_face) reduction /= 2;
  return reduction;
}

DetectorOptions detector_for(DetectorOptions wanted, const SelectionOptions& selection) {
  if (wanted.name == "auto" && wanted.weights.empty()) wanted.name = best_detector();
  wanted.min_size = selection.min_size / detection_reduction(selection);
  wanted.min_score = selection.min_score;
  wanted.threads = 1;
  return wanted;
}

void check_align_options(const AlignOptions& options) {
  const Shard& shard = options.shard;
  if (shard.count < 1 || shard.index < 1 || shard.index > shard.count) {
    throw Error::usage(fmt::format("--shard {}/{}: there are shards 1/N … N/N", shard.index, shard.count));
  }
  if (shard.count > 1 && options.format != "folder") {
    throw Error::usage("--shard is for --to folder").hint("facerec pack makes one set of the folder when all are done");
  }
  if (shard.count > 1 && options.force) {
    throw Error::usage("--shard and --force: one of several processes would remove what the others write")
        .hint("remove the folder before they start");
  }
  const CropShape& crop = options.crop;
  if (options.format == "bcolz" && (crop.width != 112 || crop.height != 112)) {
    throw Error::usage(fmt::format("bcolz sets hold crops of 112x112, not {}x{}", crop.width, crop.height));
  }
}

nlohmann::ordered_json describe_selection(const SelectionOptions& selection) {
  return {{"faces", name_of(selection.faces)},
          {"min_size", selection.min_size},
          {"min_score", std::round(selection.min_score * 1e6) / 1e6},  // 0.6, not the float nearest to it
          {"max_yaw", selection.max_yaw},
          {"fallback", selection.fallback_center ? nlohmann::ordered_json("center") : nlohmann::ordered_json()}};
}

nlohmann::ordered_json describe_align(const AlignInput& input, const AlignOptions& options, const AlignSource& source) {
  using Json = nlohmann::ordered_json;
  PackOptions pack;
  pack.format = options.format;
  Json json = Json::parse(describe_job(input.set, input.root, pack, *source.images));
  json.erase("exclude");
  json["pairs"] = {text_of(input.pairs), file_stamp(input.pairs)};
  json["landmarks"] = {options.landmarks, file_stamp(options.landmarks)};
  json["detector"] = options.landmarks.empty() ? Json(options.detector) : Json();
  json["weights"] = Json::array();
  for (const fs::path& file : options.weights) {
    json["weights"].push_back(
        {{"file", text_of(file)}, {"sha256", fs::is_directory(file) ? Json() : Json(sha256_of(file))}});
  }
  json["size"] = fmt::format("{}x{}", options.crop.width, options.crop.height);
  json["padding"] = options.crop.padding;
  json["jpeg_quality"] = options.jpeg_quality;
  json.update(describe_selection(options.selection));
  json["shards"] = options.shard.count;
  return json;
}

}  // namespace facerec
