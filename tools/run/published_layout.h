#pragma once

#include "facerec/train/config.h"

namespace facerec {

// A root laid out as face.evoLVe's names both: its training folder and its benchmarks.
void take_published_layout(TrainConfig& config);

}  // namespace facerec
