// From light to pixels: lens blur, exposure, colour, grain.
#pragma once

#include <vector>

#include "data/synth/maths.h"
#include "data/synth/shot.h"
#include "facerec/image/image.h"

namespace facerec::synth {

// `scene`: scene_size × scene_size colours. Returns size × size pixels.
Image develop(const std::vector<Rgb>& scene, int scene_size, const Shot& shot, int size);

}  // namespace facerec::synth
