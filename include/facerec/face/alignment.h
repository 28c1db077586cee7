// From five landmarks to the crop that recognition models are trained on: a least-squares similarity transform to fixed
// template points, and a warp.
#pragma once

#include <array>

#include "facerec/face/face.h"
#include "facerec/image/image.h"

namespace facerec {

using Points64 = std::array<std::array<double, 2>, 5>;  // x, y

struct CropShape {
  int width = 112, height = 112;
  double padding = 0;  // added on each side of the face, as a fraction of the crop, whose size stays: the face shrinks
};

// Where the five landmarks lie in a crop: InsightFace's template (arcface_src of python-package face_align.py) for
// 112×112, its x − 8 for 96×112 (SphereFace's), (x + 8, y) · size/128 for squares of a multiple of 128 that is none of
// 112 (as InsightFace), else scaled by height/112 and centred in x.
Points64 template_points(const CropShape& shape);

struct Similarity {
  std::array<double, 6> matrix{};  // 2×3, row-major: the image's (x, y, 1) → the crop's
  double scale = 0;                // crop pixels per image pixel
  double rotation = 0;             // of the crop against the image, in degrees
  double residual = 0;             // root mean square distance of the mapped landmarks from the template, crop pixels
};

// Umeyama's least-squares similarity without reflection (1991), as skimage.transform.SimilarityTransform; mirrored
// landmarks get a rotation and a large residual, collinear ones are fine. Throws Error for landmarks that are not
// finite, that lie within half a pixel of their mean (root mean square), or whose best scale is below 1e-4: not even a
// face of a million pixels has that.
Similarity fit_similarity(const Points64& from, const Points64& to);
Similarity fit_similarity(const Landmarks& landmarks, const CropShape& shape);

// Bilinear with black outside, like InsightFace's norm_crop (cv2.warpAffine). `area`: what shrinks to half or less is
// first averaged down by the whole factor in 1/scale, which norm_crop does not do and which spares the crop its
// aliasing. Only the part of the image that the crop shows is worked on.
Image warp(const Image& image, const Similarity& to_crop, const CropShape& shape, bool area = true);

}  // namespace facerec
