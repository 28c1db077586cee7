// A picture of what a training sees.
#pragma once

#include <string>
#include <vector>

#include "facerec/data/augment.h"
#include "facerec/data/dataset.h"

namespace facerec {

inline constexpr int64_t sheet_images = 8;
inline constexpr int sheet_variants = 11;

// A row for each of `sheet_images` images (all, if there are fewer), taken evenly from the first epoch of the sampler:
// the image as it is stored, and at its place of epochs 0 … 10 as the network sees it. `title`: lines above it. An
// image that cannot be read has its reason in place of pixels.
Image augment_sheet(const Dataset& images, const Sampler& sampler, const Augment& augment, uint64_t seed,
                    const std::vector<std::string>& title);

}  // namespace facerec
