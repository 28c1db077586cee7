// How well images are made large again: validation of the task super_resolution.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "facerec/data/dataset.h"
#include "facerec/image/image.h"
#include "facerec/train/trainer.h"
#include "model/super_resolution.h"

namespace facerec {

// Peak signal-to-noise ratio of two images of one size in dB: 10·log10(255² / MSE) over all pixels of the three
// colours, borders too. (Papers on super-resolution mostly give that of the luma without the borders, which is some dB
// higher.) Equal images count as if a single value differed by 1, so that means stay finite.
double psnr(const Image& a, const Image& b);

// Mean PSNR over the images: "psnr" of what the network makes of them after reduce(), rounded to 8 bits, and
// "psnr_bicubic" of what Pillow's bicubic filter makes of the same. Of an image the centre is taken whose sides are
// multiples of the scale, at most 1024 pixels. Computed in fp32 where the network is. Throws an Error naming an image
// that cannot be read or is smaller than the scale.
std::vector<ValidationScore> super_resolution_scores(SuperResolutionNetwork& network, const Dataset& images);

}  // namespace facerec
