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

std::vector<Picture> PictureReader::next() {
  std::vector<Picture> group;
  std::vector<Sample> samples;
  const auto guarded = [](Picture& picture, const auto& work) {
    try {
      work();
    } catch (const Error& error) {
      picture.error = error.message();
    }
  };
  for (int64_t pixels = 0; position_ < images_.size() && group.size() < most_pictures; ++position_) {
    Picture picture;
    picture.index = position_;
    Sample sample;
    int64_t more = 0;
    guarded(picture, [&] {
      sample = images_.read(position_);
      more = pixels_of(sample);
    });
    if (!group.empty() && pixels + more > most_pixels) break;  // it is read again with the next group
    if (picture.error.empty() && is_wanted_ && !is_wanted_(position_, sample)) continue;
    pixels += more;
    group.push_back(std::move(picture));
    samples.push_back(std::move(sample));
  }
  parallel_for(static_cast<int64_t>(group.size()), threads_, [&](int64_t i) {
    Picture& picture = group[static_cast<size_t>(i)];
    Sample& sample = samples[static_cast<size_t>(i)];
    if (!picture.error.empty()) return;
    guarded(picture, [&] {
      picture.image = sample.pixels.rgb.empty() ? decode_image(sample.encoded) : std::move(sample.pixels);
    });
  });
  return group;
}

}  // namespace facerec
