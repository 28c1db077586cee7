// Small image files for tests.
#pragma once

#include <filesystem>

#include "facerec/core/files.h"
#include "facerec/image/image.h"

namespace facerec::test {

inline Image flat_image(int size, uint8_t red, uint8_t green, uint8_t blue) {
  Image image(size, size);
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    image.rgb[i] = red;
    image.rgb[i + 1] = green;
    image.rgb[i + 2] = blue;
  }
  return image;
}

inline void write_png(const std::filesystem::path& path, const Image& image) {
  std::filesystem::create_directories(path.parent_path());
  write_file(path, encode_png(image));
}

}  // namespace facerec::test
