// Whole data sets from photographs to aligned crops.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "facerec/data/pack.h"
#include "facerec/face/aligner.h"

namespace facerec {

struct AlignOptions {
  std::string format = "folder";  // or any other that pack writes
  DetectorOptions detector;
  std::string landmarks;  // a file that open_landmarks() reads, in place of the detector; "": none
  SelectionOptions selection;
  CropShape crop;
  int jpeg_quality = 0;  // of the crops; 0: PNG
  int threads = 0;       // images that are worked on at a time; 0: the cores available
  bool strict = false;   // stop at the first image that gives no crop
  bool resume = false;
  bool force = false;
};

}  // namespace facerec
