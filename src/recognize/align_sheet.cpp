#include "recognize/align_sheet.h"

#include <fmt/format.h>

#include <algorithm>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "image/canvas.h"

namespace facerec {
namespace {

// In units of the canvas, of which the crops' 112 pixels are 56.
constexpr int columns = 4;
constexpr double cell_width = 300, cell_height = 212, margin = 16, heading = 44;
constexpr double photo_width = 224, photo_height = 168, crop_size = 56, cell_gap = 6, line_height = 12, letters = 9;
constexpr size_t crops_shown = 3;

// Okabe and Ito's colours, told apart with any colour vision.
constexpr Colour white{255, 255, 255}, ink{30, 30, 30}, grey{105, 105, 105}, pale{230, 230, 230};
constexpr Colour chosen_colour{0, 158, 115}, usable_colour{86, 180, 233}, rejected_colour{213, 94, 0};
constexpr std::array<Colour, 5> point_colours{
    {{230, 159, 0}, {86, 180, 233}, {240, 228, 66}, {0, 114, 178}, {204, 121, 167}}};
constexpr std::array<const char*, 5> point_names{"left eye", "right eye", "nose", "left of mouth", "right of mouth"};

// An image of the sample, with all that is drawn of it.
struct Sight {
  int64_t number;  // of the image, in its data set
  ImageRecord record;
  Image photo;  // of the size that is drawn
  double scale = 1;
  std::vector<Image> crops;
};

Image fitted(const Image& image, double width, double height, double& scale) {
  scale = std::min({1.0 * ImageCanvas::scale * width / image.width, 1.0 * ImageCanvas::scale * height / image.height});
  const auto pixels = [&](int side) { return std::max(1, static_cast<int>(side * scale)); };
  return resize(image, pixels(image.width), pixels(image.height));
}

Sight look(const AlignTask& task, const JournalLines& lines, int64_t line, int64_t first) {
  Sight sight{first + line, lines.record(line), {}, 1, {}};
  if (sight.record.status == AlignStatus::failed) return sight;
  const Photo photo = load_photo(*task.source.images, first + line, 1);
  sight.photo = fitted(photo.pixels, photo_width, photo_height, sight.scale);
  for (const CropRecord& crop : sight.record.crops) {
    double ignored = 0;
    if (sight.crops.size() == crops_shown) break;
    sight.crops.push_back(fitted(cut(photo, crop, task.options.crop), crop_size, crop_size, ignored));
  }
  return sight;
}

// The end of a text that is wider than `width`, or its beginning.
std::string shortened(const Canvas& canvas, std::string text, double width, bool keep_end) {
  if (canvas.width_of(text, letters) <= width) return text;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  while (!text.empty() && canvas.width_of(text + "…", letters) > width) {
    if (keep_end) {
      text.erase(0, static_cast<size_t>(std::find_if_not(text.begin() + 1, text.end(), continues) - text.begin()));
    } else {
      while (text.size() > 1 && continues(text.back())) text.pop_back();
      text.pop_back();
    }
  }
  return keep_end ? "…" + text : text + "…";
}

class Sheet {
 public:
  Sheet(size_t images, const std::string& title)
      : canvas_(
            static_cast<int>(2 * margin + cell_width * static_cast<double>(std::min<size_t>(images, columns))),
            static_cast<int>(margin + heading + cell_height * static_cast<double>((images + columns - 1) / columns))) {
    canvas_.text({margin, 24}, {.text = title, .size = 13, .bold = true});
    draw_legend();
  }

  void add(const Sight& sight) {
    const auto place = static_cast<double>(drawn_ / columns), column = static_cast<double>(drawn_ % columns);
    ++drawn_;
    corner_ = {margin + column * cell_width, heading + margin / 2 + place * cell_height};
    if (sight.photo.width == 0) {
      canvas_.rectangle(corner_, photo_width, photo_height, pale, std::nullopt);
    } else {
      canvas_.image(corner_, sight.photo);
    }
    draw_faces(sight);
    draw_crops(sight);
    draw_words(sight);
  }

  Image finish() && { return std::move(canvas_).finish(); }

 private:
  void draw_legend();
  void draw_faces(const Sight& sight);
  void draw_face(const FoundFace& found, bool is_chosen, double units);
  void draw_score(Spot corner, float score, Colour colour);
  void draw_crops(const Sight& sight);
  void draw_words(const Sight& sight);

  ImageCanvas canvas_;
  Spot corner_{};             // of the cell that is drawn
  std::vector<Spot> labels_;  // scores in it
  size_t drawn_ = 0;
};

void Sheet::draw_legend() {
  double x = margin;
  const auto entry = [&](Colour colour, const std::string& text, double side) {
    canvas_.rectangle({x, 40 - side}, side, side, colour, std::nullopt);
    canvas_.text({x + side + 4, 40}, {.text = text, .size = letters});
    x += side + 16 + canvas_.width_of(text, letters);
  };
  entry(chosen_colour, "chosen", 8);
  entry(usable_colour, "not chosen", 8);
  entry(rejected_colour, "rejected", 8);
  for (size_t i = 0; i < point_colours.size(); ++i) entry(point_colours[i], point_names[i], 5);
}

void Sheet::draw_faces(const Sight& sight) {
  const ImageRecord& record = sight.record;
  std::vector<bool> is_chosen(record.faces.size());
  for (const CropRecord& crop : record.crops) {
    if (crop.face) is_chosen.at(*crop.face) = true;
  }
  labels_.clear();
  for (const bool chosen : {true, false}) {  // so that of scores in one place the chosen face's is seen
    for (size_t i = 0; i < record.faces.size(); ++i) {
      if (is_chosen[i] == chosen) draw_face(record.faces[i], chosen, sight.scale / ImageCanvas::scale);
    }
  }
}

// `units`: of the canvas, a pixel of the photograph.
void Sheet::draw_face(const FoundFace& found, bool is_chosen, double units) {
  // Pixels lie around whole numbers.
  const auto at = [&](double x, double y) {
    return Spot{corner_.x + std::clamp((x + 0.5) * units, 0.0, photo_width),
                corner_.y + std::clamp((y + 0.5) * units, 0.0, photo_height)};
  };
  const Colour colour = is_chosen ? chosen_colour : found.rejected.empty() ? usable_colour : rejected_colour;
  const Box& box = found.face.box;
  const Spot a = at(box.x1, box.y1), b = at(box.x2, box.y2);
  const Spot outline[] = {a, {b.x, a.y}, b, {a.x, b.y}, a};
  canvas_.polyline(outline, {.colour = colour, .width = is_chosen ? 1.8 : 1.2});
  const double side = std::clamp((b.x - a.x) / 20, 1.0, 3.0);
  for (size_t i = 0; i < point_colours.size(); ++i) {
    const Spot spot = at(found.face.landmarks[i].x, found.face.landmarks[i].y);
    const auto dot = [&](double size, Colour fill) {
      canvas_.rectangle({spot.x - size / 2, spot.y - size / 2}, size, size, fill, std::nullopt);
    };
    if (side > 1.5) dot(side + 1, white);
    dot(side, point_colours[i]);
  }
  draw_score(a, found.face.score, colour);
}

void Sheet::draw_score(Spot corner, float score, Colour colour) {
  constexpr double size = 7, height = 8;
  const std::string text = fmt::format("{:.2f}", score);
  const double width = canvas_.width_of(text, size) + 2;
  const bool is_taken = std::ranges::any_of(labels_, [&](const Spot& label) {
    return std::abs(label.x - corner.x) < width && std::abs(label.y - corner.y) < height;
  });
  if (is_taken) return;
  labels_.push_back(corner);
  canvas_.rectangle({corner.x, corner.y - height}, width, height, white, std::nullopt);
  canvas_.text({corner.x + 1, corner.y - 1.5}, {.text = text, .size = size, .colour = colour});
}

void Sheet::draw_crops(const Sight& sight) {
  Spot spot{corner_.x + photo_width + cell_gap, corner_.y};
  for (const Image& crop : sight.crops) {
    canvas_.image(spot, crop);
    spot.y += crop_size;
  }
  const size_t crops = sight.record.crops.size();
  if (crops > crops_shown) {
    canvas_.text({spot.x, spot.y + line_height}, {.text = fmt::format("+ {}", crops - crops_shown), .size = letters});
  }
}

void Sheet::draw_words(const Sight& sight) {
  const ImageRecord& record = sight.record;
  // The fonts of this machine may lack other letters.
  const bool is_plain = std::ranges::all_of(record.image, [](unsigned char c) { return c < 0x80; });
  const std::string name = is_plain ? record.image : fmt::format("{} (image {})", record.image, sight.number);
  const double width = cell_width - 2 * cell_gap;
  const Spot spot{corner_.x, corner_.y + photo_height + line_height};
  const bool is_good = record.status == AlignStatus::aligned;
  canvas_.text(spot, {.text = shortened(canvas_, name, width, true), .size = letters});
  canvas_.text({spot.x, spot.y + line_height}, {.text = shortened(canvas_, record.reason, width, false),
                                                .size = letters,
                                                .colour = is_good ? grey : rejected_colour});
  const auto rejected =
      std::ranges::find_if(record.faces, [](const FoundFace& face) { return !face.rejected.empty(); });
  if (!is_good || rejected == record.faces.end()) return;
  canvas_.text({spot.x, spot.y + 2 * line_height},
               {.text = shortened(canvas_, "rejected: " + rejected->rejected, width, false),
                .size = letters,
                .colour = rejected_colour});
}

}  // namespace

void write_align_sheet(const AlignTask& task, const JournalLines& lines, int64_t first) {
  const int64_t count = std::min<int64_t>(task.options.preview_images, lines.size());
  std::vector<Sight> sights(static_cast<size_t>(count));
  parallel_for(count, task.options.threads,
               [&](int64_t i) { sights[static_cast<size_t>(i)] = look(task, lines, i * lines.size() / count, first); });
  Sheet sheet(sights.size(), fmt::format("{} of {} images", count, lines.size()));
  for (const Sight& sight : sights) sheet.add(sight);
  write_file(task.options.preview, encode_png(std::move(sheet).finish()));
}

}  // namespace facerec
