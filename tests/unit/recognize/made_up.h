// Photographs without people in them, and a detector that finds faces there.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <stdexcept>

#include "facerec/core/error.h"
#include "facerec/recognize/align.h"
#include "support/images.h"
#include "support/reference.h"

namespace facerec::test {

// Face `number` of a made-up photograph: 40 pixels high, the first ones in its middle.
inline Face made_up_face(int number, int width, int height) {
  const float x = static_cast<float>(width) / 2 - 20 + static_cast<float>(number % 5) * 30;
  const float y = static_cast<float>(height) / 2 - 20 + static_cast<float>(number / 5) * 5;
  Face face{{x, y, x + 40, y + 40}, 0.9F - 0.01F * static_cast<float>(number % 50), {}};
  const Points64 points = template_points({});
  for (size_t i = 0; i < points.size(); ++i) {
    face.landmarks[i] = {x + static_cast<float>(points[i][0]) * 40 / 112,
                         y + static_cast<float>(points[i][1]) * 40 / 112};
  }
  return face;
}

// `faces` of them are found in it. Its corner stays as it is in a good JPEG.
inline Image photograph(uint8_t faces, int width = 120, int height = 90) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width * 3; ++x) image.row(y)[x] = static_cast<uint8_t>(x * 7 + y * 3 + faces);
  }
  for (int y = 0; y < std::min(height, 16); ++y) std::fill_n(image.row(y), std::min(width, 16) * 3, faces);
  return image;
}

inline constexpr uint8_t spoils_the_network = 255;  // for photograph(): the detector throws an Error

// Many images of different sizes, so that threads overtake each other.
inline void make_many(const fs::path& folder, int count) {
  for (int i = 0; i < count; ++i) {
    const int side = 60 + i * 37 % 200;
    write_png(folder / fmt::format("p{}/{}.png", i % 7, i), photograph(static_cast<uint8_t>(i % 4), side, side));
  }
}

// The first byte of an image says how many faces are in it.
class MadeUpDetector : public Detector {
 public:
  // Throws what ends the work, not an Error, at image number `dies_at` of all that are detected in.
  explicit MadeUpDetector(std::shared_ptr<std::atomic<int>> dies_at = nullptr) : dies_at_(std::move(dies_at)) {}
  const std::string& name() const override { return name_; }

  std::vector<std::vector<Face>> detect(std::span<const Image> images) override {
    std::vector<std::vector<Face>> found;
    for (const Image& image : images) {
      if (dies_at_ && --*dies_at_ < 0) throw std::runtime_error("the machine goes down");
      if (image.rgb[0] == spoils_the_network) throw Error("the network gives what is no number");
      found.emplace_back();
      for (int i = 0; i < image.rgb[0]; ++i) found.back().push_back(made_up_face(i, image.width, image.height));
    }
    return found;
  }

 private:
  std::string name_ = "made_up";
  std::shared_ptr<std::atomic<int>> dies_at_;
};

inline DetectorFactory made_up() {
  return [] { return std::make_unique<MadeUpDetector>(); };
}

inline AlignSummary align(const fs::path& in, const fs::path& out, AlignOptions options = {},
                          const DetectorFactory& open = made_up()) {
  options.detector = "made_up";
  AlignInput input;
  input.set.path = in.string();
  return align_images(input, out, options, open, {});
}

inline nlohmann::json summary_of(const AlignSummary& summary) { return load_json(summary.file); }

// What align.json says of an image.
inline nlohmann::json record_of(const AlignSummary& summary, const std::string& image) {
  const nlohmann::json json = summary_of(summary);
  for (const nlohmann::json& record : json.at("images")) {
    if (record.at("image") == image) return record;
  }
  throw std::runtime_error("align.json does not tell of " + image);
}

// path → bytes, without what is hidden and without summaries.
inline std::map<std::string, std::string> crops_in(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().lexically_relative(folder).string();
    if (entry.is_regular_file() && has_image_extension(path)) files[path] = read_text(entry.path());
  }
  return files;
}

inline std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : crops_in(folder)) names.push_back(name);
  return names;
}

inline AlignOptions to(const std::string& format) {
  AlignOptions options;
  options.format = format;
  return options;
}

}  // namespace facerec::test
