// Text of any script as pixels, by the fonts of this machine: Pango shapes it, orders it from right to left where its
// script runs so, and takes each letter from a font that has it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace facerec {

struct Lettering {
  int width = 0, height = 0;
  int baseline = 0;                  // the row that letters stand on
  std::vector<uint8_t> coverage;     // [height, width]: 0 paper … 255 ink
  std::vector<std::string> missing;  // scripts with letters that no font here has, drawn as boxes: "hangul"
};

// One line of UTF-8, `pixels` high from ascender to descender (about), cut with an ellipsis at `max_width` pixels.
// What is no UTF-8, line breaks and control characters are replaced. Not thread-safe.
Lettering letter(const std::string& text, int pixels, int max_width, bool bold = false);

}  // namespace facerec
