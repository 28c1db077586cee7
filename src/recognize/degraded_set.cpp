#include "facerec/recognize/degraded_set.h"

#include <fmt/format.h>

#include <map>

#include "facerec/core/error.h"
#include "facerec/core/random.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

Image restore(const Image& image, SuperResolver* resolver, int factor) {
  if (resolver == nullptr) return reduce_and_enlarge(image, factor);
  return resolver->enlarge(reduce(image, factor), image.width, image.height);
}

std::vector<DegradedSet::Entry> all_of(const Dataset& images) {
  std::vector<DegradedSet::Entry> entries;
  for (int64_t i = 0; i < images.size(); ++i) entries.push_back({i, true});
  return entries;
}

}  // namespace

std::string describe(const Degradation& degradation) {
  std::vector<std::string> parts;
  if (const auto& crop = degradation.crop) {
    parts.push_back(fmt::format("{0}x{0}, centre {1}x{2}", crop->resized, crop->width, crop->height));
  }
  if (degradation.corruption) {
    parts.push_back(fmt::format("{} {}", name_of(*degradation.corruption), degradation.severity));
  }
  if (degradation.low_resolution > 1) {
    parts.push_back(fmt::format("low resolution {}, {}", degradation.low_resolution,
                                degradation.restore ? degradation.restore->name() : "bicubic"));
  }
  return join(parts, "; ");
}

Image degrade(const Image& image, const Degradation& degradation, const std::string& name) {
  Image result = image;
  if (const auto& crop = degradation.crop) result = resize_and_crop(result, crop->resized, crop->width, crop->height);
  if (degradation.corruption) {
    const uint64_t seed = Random(name, {degradation.seed})();
    result = corrupt(result, *degradation.corruption, degradation.severity, seed);
  }
  if (degradation.low_resolution != 1) {
    result = restore(result, degradation.restore.get(), degradation.low_resolution);
  }
  return result;
}

DegradedSet::DegradedSet(const std::shared_ptr<const Dataset>& images, Degradation degradation)
    : DegradedSet(images, std::move(degradation), all_of(*images)) {}

DegradedSet::DegradedSet(std::shared_ptr<const Dataset> images, Degradation degradation, std::vector<Entry> entries)
    : images_(std::move(images)), degradation_(std::move(degradation)), entries_(std::move(entries)) {}

Sample DegradedSet::read(int64_t index) const {
  const auto [source, degraded] = entries_.at(static_cast<size_t>(index));
  if (!degraded) return images_->read(source);
  return {{}, degrade(load_image(*images_, source), degradation_, images_->relative_path(source))};
}

PairSet degraded(const PairSet& set, const Degradation& degradation) {
  PairSet result = set;
  result.images = std::make_shared<DegradedSet>(set.images, degradation);
  return result;
}

PairSet first_degraded(const PairSet& set, const Degradation& degradation) {
  std::map<std::pair<uint32_t, bool>, uint32_t> places;
  std::vector<DegradedSet::Entry> entries;
  auto place_of = [&](uint32_t source, bool degraded) {
    const auto [place, is_new] = places.try_emplace({source, degraded}, static_cast<uint32_t>(entries.size()));
    if (is_new) entries.push_back({source, degraded});
    return place->second;
  };
  PairSet result = set;
  for (Pair& pair : result.pairs) pair = {place_of(pair.a, true), place_of(pair.b, false), pair.same};
  result.images = std::make_shared<DegradedSet>(set.images, degradation, std::move(entries));
  return result;
}

}  // namespace facerec
