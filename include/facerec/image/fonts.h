// What the fonts of this machine can draw, for the names in annotated pictures.
#pragma once

#include <string>
#include <vector>

namespace facerec {

// Of the scripts that most of the world's names are written in (Latin, Cyrillic, Greek, Hangul, Han, Japanese, Arabic,
// Hebrew, Devanagari, Bengali, Thai), those that no font here has; Pango's names: "hangul". Not thread-safe.
std::vector<std::string> scripts_without_font();

}  // namespace facerec
