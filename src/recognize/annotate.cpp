#include "facerec/recognize/annotate.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "image/drawing.h"

namespace facerec {
namespace {

// Two that people with any colour vision tell apart (Okabe and Ito 2008), both dark enough for white letters.
constexpr Colour known_colour{0, 114, 178}, unknown_colour{213, 94, 0}, paper{255, 255, 255};

Colour colour_of(const FaceTag& tag) { return tag.known ? known_colour : unknown_colour; }

Area area_of(const Box& box) {
  const auto pixel = [](float x) { return static_cast<int>(std::lround(std::clamp(x, -1e6F, 1e6F))); };
  const int x = pixel(box.x1), y = pixel(box.y1);
  return {x, y, std::max(1, pixel(box.x2) - x), std::max(1, pixel(box.y2) - y)};
}

// Where the label of `box` may stand, the best place first.
std::vector<Area> places(const Area& box, int width, int height, int gap, const Image& image) {
  const int below = box.y + box.height + gap, above = box.y - gap - height;
  std::vector<Area> areas;
  for (const int y : {above, below}) {
    for (const int x : {box.x - gap, box.x + box.width + gap - width}) {
      areas.push_back({std::clamp(x, 0, std::max(0, image.width - width)),
                       std::clamp(y, 0, std::max(0, image.height - height)), width, height});
    }
  }
  return areas;
}

Area free_place(const std::vector<Area>& areas, const std::vector<Area>& taken) {
  const auto is_free = [&](const Area& area) {
    return std::none_of(taken.begin(), taken.end(), [&](const Area& other) { return area.overlaps(other); });
  };
  const auto found = std::find_if(areas.begin(), areas.end(), is_free);
  return found == areas.end() ? areas.front() : *found;
}

}  // namespace

std::vector<std::string> annotate(Image& photograph, std::span<const FaceTag> tags) {
  const int side = std::max(photograph.width, photograph.height);
  const int thickness = std::max(1, side / 500);
  std::vector<Area> taken;
  for (const FaceTag& tag : tags) {
    taken.push_back(area_of(tag.box));
    frame(photograph, taken.back(), colour_of(tag), thickness);
  }
  std::set<std::string> missing;
  for (const FaceTag& tag : tags) {
    if (tag.text.empty()) continue;
    const Area box = area_of(tag.box);
    // Readable in the photograph as a whole, and no larger than its face asks for.
    const int size = std::clamp(box.height / 5, std::max(11, side / 80), std::max(11, side / 30));
    const int margin = size / 4;
    const Lettering text = letter(tag.text, size, std::max(1, photograph.width - 2 * margin), true);
    const Area label = free_place(places(box, text.width + 2 * margin, text.height, thickness, photograph), taken);
    fill(photograph, label, colour_of(tag));
    draw(photograph, label.x + margin, label.y, text, paper);
    taken.push_back(label);
    missing.insert(text.missing.begin(), text.missing.end());
  }
  return {missing.begin(), missing.end()};
}

}  // namespace facerec
