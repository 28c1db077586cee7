#include <fmt/format.h>

#include "facerec/data/augment.h"

namespace facerec {
namespace {

std::string often(double probability) {
  return probability == 1 ? "always" : fmt::format("{:.3g} % of the images", 100 * probability);
}

}  // namespace

std::vector<std::string> Augment::words() const {
  std::vector<std::string> lines;
  const auto add = [&](double probability, const char* name, const std::string& what) {
    if (probability == 0) return;
    lines.push_back(fmt::format("{}: {}{}{}", name, what, what.empty() ? "" : ", ", often(probability)));
  };
  const AugmentConfig& c = config_;
  add(c.crop.probability, "crop",
      c.crop.resize == 0 ? fmt::format("{}x{} of the image as it is", width_, height_)
                         : fmt::format("{}x{} of the image at {} pixels width", width_, height_, c.crop.resize));
  add(c.resized_crop.probability, "resized_crop",
      fmt::format("{:g} to {:g} of its area, width/height {:.3g} to {:.3g}", c.resized_crop.area[0],
                  c.resized_crop.area[1], c.resized_crop.ratio[0], c.resized_crop.ratio[1]));
  add(c.rotate.probability, "rotate", fmt::format("up to {:g} degrees", c.rotate.degrees));
  add(low_resolution_.probability, "low_resolution", fmt::format("1/{} of the sides", low_resolution_.scale));
  add(c.flip, "flip", "");
  add(c.color.probability, "color",
      fmt::format("brightness {:g}, contrast {:g}, saturation {:g}, hue {:g}", c.color.brightness, c.color.contrast,
                  c.color.saturation, c.color.hue));
  add(c.grayscale, "grayscale", "");
  add(c.reduce.probability, "reduce", fmt::format("{:g} to {:g} of the sides", c.reduce.scale[0], c.reduce.scale[1]));
  add(c.blur.probability, "blur", fmt::format("sigma {:g} to {:g} pixels", c.blur.sigma[0], c.blur.sigma[1]));
  add(c.jpeg.probability, "jpeg", fmt::format("quality {} to {}", c.jpeg.quality[0], c.jpeg.quality[1]));
  add(c.erase.probability, "erase",
      fmt::format("{:g} to {:g} of the area, width/height {:g} to {:g}, {}", c.erase.area[0], c.erase.area[1],
                  c.erase.ratio[0], c.erase.ratio[1], c.erase.fill));
  return lines;
}

}  // namespace facerec
