// Images made worse in known ways: what a benchmark of robustness looks at in place of the originals.
//
// Everything here is a function of its arguments alone: the same image, severity and seed give the same pixels, on
// every machine up to the rounding of its mathematical library.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "facerec/image/image.h"

namespace facerec {

// Severities are 1 … 5, 1 the mildest. The figures of blur, noise and JPEG are those of ImageNet-C (Hendrycks and
// Dietterich 2019, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", its published
// make_imagenet_c.py), whose images are 224 pixels wide. Blur and noise are what is left of them when such an image is
// seen at this width: both σ are scaled by width/224, noise since each pixel is then a mean of several.
//
//              1      2      3      4      5
//   blur       1      2      3      4      6     σ of a Gaussian in pixels, at width 224: at 112, half of it
//   noise      0.08   0.12   0.18   0.26   0.38  σ of Gaussian noise on each channel, of values 0 … 1, at width 224
//   jpeg       25     18     15     10     7     quality; chroma is halved (4:2:0)
//   occlusion  0.05   0.10   0.15   0.20   0.25  share of the image under a grey box, of those of random erasing (Zhong
//                                                et al. 2020: 0.02 … 0.4); with twice it the eyes are gone as a rule.
//                                                Its sides are as 1:2 … 2:1, and it covers the boxes of milder ones
//   dark       1      2      3      4      5     stops: light falls to 1/2 … 1/32 of it, and each pixel counts its
//                                                photons (500 of white in the full light), so that shot noise grows;
//                                                linear light by sRGB's curve (IEC 61966-2-1). The figures are ours
enum class Corruption { blur, noise, jpeg, occlusion, dark };

inline constexpr int max_severity = 5;

// "blur" … "dark", in the order above.
std::vector<std::string> corruption_names();
std::string name_of(Corruption corruption);

// Throws a usage Error that lists the names.
Corruption corruption_named(const std::string& name);

// The seed decides the noise and the place of the box. Throws a usage Error for a severity that there is not.
Image corrupt(const Image& image, Corruption corruption, int severity, uint64_t seed);

// Low resolution as SNU_FaceRecognition has it: by Pillow's bicubic filter, stretched (antialiased), to
// int(width/factor) × int(height/factor). Throws a usage Error for a factor below 1 or one that leaves no pixel.
Image reduce(const Image& image, int factor);

// reduce(), then back to the size by Pillow's bicubic filter: equal to torchvision's two Resize(BICUBIC) on a PIL
// image.
Image reduce_and_enlarge(const Image& image, int factor);

// face.evoLVe's rule for images under evaluation: to resized × resized by Pillow's bilinear filter, then the centre of
// width × height: 128 and 112×112 there. Where the margin is odd, torchvision's CenterCrop decides (half a pixel is
// rounded to even). Throws a usage Error when the centre is larger than the image that it is cut from.
Image resize_and_crop(const Image& image, int resized, int width, int height);

}  // namespace facerec
