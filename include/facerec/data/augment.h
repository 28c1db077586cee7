// Random changes of training images, in 8 bits, on the threads that decode.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "facerec/data/config.h"
#include "facerec/image/image.h"

namespace facerec {

// In this order, each with its probability and from a random stream of its own, so that one more change leaves the
// others as they were:
//
//   crop            to resize × resize by Pillow's bilinear filter (of another shape than 1:1 in proportion), of which
//                   a part as large as the input is taken, every place as likely: torchvision's Resize, RandomCrop;
//                   with resize 0 a part of the image as it is, enlarged only where it is smaller than the input
//   resized_crop    a part whose share of the image is uniform in `area` and whose width/height is uniform in its
//                   logarithm in `ratio`, every place as likely; the tenth that does not fit gives way to the
//                   largest one in the centre of an allowed ratio; to the input by Pillow's bilinear filter:
//                   torchvision's RandomResizedCrop
//                   (an image that neither has cut is resized to the input as without augmentation)
//   rotate          by −degrees … degrees: torchvision's RandomRotation, bilinear
//   low_resolution  of `train`: reduce_and_enlarge() (image/degrade.h)
//   flip
//   color           brightness, contrast, saturation, hue in random order: torchvision's ColorJitter on Pillow's images
//   grayscale
//   reduce          to a scale uniform in `scale`, and enlarged again; each way by one of OpenCV's nearest, linear,
//                   area, cubic, Lanczos: AdaFace's low_res_augmentation
//   blur            a Gaussian of σ uniform in `sigma`
//   jpeg            of a quality uniform in `quality`, chroma halved
//   erase           a box of area and ratio as for resized_crop; the tenth that does not fit is cut off where the image
//                   ends: Zhong et al. 2020. zero: black; noise: each value uniform in 0 … 255; mean: one colour, that
//                   of the image's mean
//
// May be used from any thread.
class Augment {
 public:
  // width × height: what the network takes. Throws a usage Error with the key of the configuration when a range is
  // reversed, or a crop is larger than what it is cut from.
  Augment(const AugmentConfig& config, const LowResolutionConfig& low_resolution, int width, int height);

  int width() const { return width_; }
  int height() const { return height_; }

  // Whether images are taken at the network's size, and at most mirrored.
  bool only_flips() const;

  // Whether the image at this place of an epoch is mirrored: the first draw of Random("augment", {seed, epoch,
  // position}).
  bool flips(uint64_t seed, uint64_t epoch, uint64_t position) const;

  // The image as training sees it at this place of an epoch, into width × height × 3 bytes. The same arguments give the
  // same pixels.
  void apply(const Image& image, uint64_t seed, uint64_t epoch, uint64_t position, uint8_t* rgb) const;

  // What may happen to an image, a line each, in order: "crop: 128x128, of which 112x112 (always)".
  std::vector<std::string> words() const;

 private:
  AugmentConfig config_;
  LowResolutionConfig low_resolution_;
  int width_, height_;
};

}  // namespace facerec
