// What this binary was built from.
#pragma once

#include <string>

namespace facerec {

// "facerec 0.1.0 (26e129b2f4)", and a line each for LibTorch with its CUDA, OpenVINO, OpenCV and the compiler. The
// libraries are those of the build; `facerec doctor` tells those that are opened.
std::string version_text();

}  // namespace facerec
