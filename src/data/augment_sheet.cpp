#include "facerec/data/augment_sheet.h"

#include <fmt/format.h>

#include <algorithm>

#include "facerec/core/error.h"
#include "image/canvas.h"

namespace facerec {
namespace {

// In units of the canvas.
constexpr double margin = 16, gap = 4, letters = 9, line_height = 13;
constexpr Colour grey{105, 105, 105}, red{213, 94, 0};

double units(int pixels) { return static_cast<double>(pixels) / ImageCanvas::scale; }

Image fitted(const Image& image, int width, int height) {
  const double scale = std::min(1.0 * width / image.width, 1.0 * height / image.height);
  const auto side = [&](int pixels) { return std::max(1, static_cast<int>(pixels * scale)); };
  return resize(image, side(image.width), side(image.height));
}

class Sheet {
 public:
  Sheet(const Augment& augment, size_t rows, const std::vector<std::string>& title)
      : augment_(augment),
        cell_width_(units(augment.width()) + gap),
        cell_height_(units(augment.height()) + gap + line_height),
        top_(margin + line_height * static_cast<double>(title.size() + 2)),
        canvas_(static_cast<int>(2 * margin + (sheet_variants + 1) * cell_width_),
                static_cast<int>(top_ + static_cast<double>(rows) * cell_height_ + margin)) {
    double y = margin;
    for (const std::string& line : title) canvas_.text({margin, y += line_height}, {.text = line, .size = letters + 1});
    canvas_.text(heading(0), {.text = "stored", .size = letters, .colour = grey});
    for (int epoch = 0; epoch < sheet_variants; ++epoch) {
      canvas_.text(heading(epoch + 1), {.text = fmt::format("{} {}", augment_.width() < 96 ? "ep." : "epoch", epoch),
                                        .size = letters,
                                        .colour = grey});
    }
  }

  void add(const Dataset& images, int64_t index, uint64_t position, uint64_t seed) {
    const double name_above = line_height - 3;
    try {
      const Image stored = load_image(images, index);
      canvas_.image(corner(0), fitted(stored, augment_.width(), augment_.height()));
      Image seen(augment_.width(), augment_.height());
      for (int epoch = 0; epoch < sheet_variants; ++epoch) {
        augment_.apply(stored, seed, static_cast<uint64_t>(epoch), position, seen.rgb.data());
        canvas_.image(corner(epoch + 1), seen);
      }
      const std::string what = fmt::format("{}, {}x{}", images.name(index), stored.width, stored.height);
      canvas_.text(corner(0, units(augment_.height()) + name_above), {.text = what, .size = letters, .colour = grey});
    } catch (const Error& error) {
      canvas_.text(corner(0, line_height), {.text = error.what(), .size = letters, .colour = red});
    }
    ++row_;
  }

  Image finish() && { return std::move(canvas_).finish(); }

 private:
  Spot heading(int column) const { return {margin + column * cell_width_, top_ - gap}; }

  // Of a cell in the row that is drawn.
  Spot corner(int column, double below = 0) const {
    return {margin + column * cell_width_, top_ + row_ * cell_height_ + below};
  }

  const Augment& augment_;
  double cell_width_, cell_height_, top_;
  ImageCanvas canvas_;
  int row_ = 0;
};

}  // namespace

Image augment_sheet(const Dataset& images, const Sampler& sampler, const Augment& augment, uint64_t seed,
                    const std::vector<std::string>& title) {
  const std::vector<uint32_t> order = sampler.order(0);
  const auto drawn = static_cast<int64_t>(order.size()), count = std::min(sheet_images, drawn);
  Sheet sheet(augment, static_cast<size_t>(count), title);
  for (int64_t i = 0; i < count; ++i) {
    const auto position = static_cast<uint64_t>(i * drawn / count);
    sheet.add(images, order[position], position, seed);
  }
  return std::move(sheet).finish();
}

}  // namespace facerec
