// Boxes with scores, and what is left of those that overlap.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "facerec/face/face.h"

namespace facerec {

// How the overlap of two boxes is measured, and which of them goes.
struct OverlapRule {
  bool counts_pixels = false;    // both edges are pixels of the box: a side is x2 − x1 + 1, as in Faster R-CNN's code
  bool against_smaller = false;  // intersection over the smaller box ("min"), not over the union
  bool last_of_equals = false;   // of equal scores the last comes first: numpy.argsort read from its end
};

float overlap(const Box& a, const Box& b, const OverlapRule& rule = {});

// Greedy non-maximum suppression: indices of the boxes that stay, best score first. A box
// goes when it overlaps one that stays by more than `threshold`.
std::vector<uint32_t> suppress(std::span<const Box> boxes, std::span<const float> scores, float threshold,
                               const OverlapRule& rule = {});

// The same for faces, in place.
void suppress(std::vector<Face>& faces, float threshold, const OverlapRule& rule = {});

}  // namespace facerec
