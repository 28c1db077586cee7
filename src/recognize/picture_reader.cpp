#include "recognize/picture_reader.h"

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"

namespace facerec {
namespace {

constexpr size_t most_pictures = 32;
constexpr int64_t most_pixels = int64_t{1} << 25;

int64_t pixels_of(const Sample& sample) {
  if (!sample.pixels.rgb.empty()) return int64_t{sample.pixels.width} * sample.pixels.height;
  const ImageHeader header = probe_image(sample.encoded);
  return int64_t{header.width} * header.height;
}

}  // namespace

PictureGroup PictureReader::next() {
  PictureGroup group;
  std::vector<Sample> samples;
  const auto guarded = [](PictureGroup::Entry& entry, const auto& work) {
    try {
      work();
    } catch (const Error& error) {
      entry.error = error.message();
    }
  };
  for (int64_t pixels = 0; position_ < images_.size() && samples.size() < most_pictures; ++position_) {
    PictureGroup::Entry entry{position_};
    Sample sample;
    int64_t more = 0;
    guarded(entry, [&] {
      sample = images_.read(position_);
      more = pixels_of(sample);
    });
    if (!samples.empty() && pixels + more > most_pixels) break;  // it is read again with the next group
    if (entry.error.empty() && is_wanted_ && !is_wanted_(position_, sample)) continue;
    pixels += more;
    group.entries.push_back(std::move(entry));
    samples.push_back(std::move(sample));
  }
  std::vector<Image> decoded(samples.size());
  parallel_for(static_cast<int64_t>(samples.size()), threads_, [&](int64_t at) {
    const auto i = static_cast<size_t>(at);
    if (!group.entries[i].error.empty()) return;
    guarded(group.entries[i], [&] {
      decoded[i] = samples[i].pixels.rgb.empty() ? decode_image(samples[i].encoded) : std::move(samples[i].pixels);
    });
  });
  for (size_t i = 0; i < decoded.size(); ++i) {
    if (group.entries[i].error.empty()) group.images.push_back(std::move(decoded[i]));
  }
  return group;
}

}  // namespace facerec
