// Changes of colour and sharpness that leave every pixel in its place.
//
// Brightness, contrast, saturation and grey are equal, to the last bit, to torchvision's functions of these names on
// Pillow's 8-bit images (its functional_pil.py; Pillow's ImageEnhance): a blend of the image with a degenerate one,
// from + factor·(image − from), in fp32, cut off at 0 and 255 and rounded down. factor ≥ 0; 1: as it was, 0: the
// degenerate one, above 1: away from it.
#pragma once

#include "facerec/image/image.h"

namespace facerec {

void adjust_brightness(Image& image, double factor);  // from black
void adjust_contrast(Image& image, double factor);    // from the mean of its grey
void adjust_saturation(Image& image, double factor);  // from its grey

// The hue is turned by so many whole turns, −0.5 … 0.5, in steps of 1/256 turn: OpenCV's HSV of 8 bits, which differs
// from Pillow's by roundings.
void adjust_hue(Image& image, double turns);

// All three channels become ITU-R 601's luma, 0.299 R + 0.587 G + 0.114 B: Pillow's mode L.
void make_grey(Image& image);

// `sigma` in pixels; the kernel is cut at 3 sigma, and the image mirrored about its outermost pixels.
Image gaussian_blur(const Image& image, double sigma);

}  // namespace facerec
