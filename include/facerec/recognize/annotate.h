// Photographs with a box and a name for every face.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "facerec/face/face.h"
#include "facerec/image/image.h"

namespace facerec {

struct FaceTag {
  Box box = {};
  std::string text = {};  // UTF-8, of any script
  bool known = false;     // decides the colour
};

// Draws into the photograph. A label stands above its box, else below it, where it hides neither another label nor a
// face; text too long for the photograph is cut. Returns the scripts that the fonts of this machine cannot write:
// "hangul".
std::vector<std::string> annotate(Image& photograph, std::span<const FaceTag> tags);

}  // namespace facerec
