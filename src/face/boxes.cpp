#include "face/boxes.h"

#include <algorithm>
#include <numeric>

namespace facerec {

float overlap(const Box& a, const Box& b, const OverlapRule& rule) {
  const float pixel = rule.counts_pixels ? 1.0F : 0.0F;
  const auto area = [pixel](const Box& box) { return (box.width() + pixel) * (box.height() + pixel); };
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1) + pixel;
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1) + pixel;
  const float both = std::max(0.0F, width) * std::max(0.0F, height);
  return both / (rule.against_smaller ? std::min(area(a), area(b)) : area(a) + area(b) - both);
}

std::vector<uint32_t> suppress(std::span<const Box> boxes, std::span<const float> scores, float threshold,
                               const OverlapRule& rule) {
  std::vector<uint32_t> order(boxes.size());
  std::iota(order.begin(), order.end(), 0U);
  if (rule.last_of_equals) std::reverse(order.begin(), order.end());
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return scores[a] > scores[b]; });
  std::vector<uint32_t> kept;
  for (const uint32_t i : order) {
    const bool free = std::none_of(kept.begin(), kept.end(),
                                   [&](uint32_t j) { return overlap(boxes[i], boxes[j], rule) > threshold; });
    if (free) kept.push_back(i);
  }
  return kept;
}

void suppress(std::vector<Face>& faces, float threshold, const OverlapRule& rule) {
  std::vector<Box> boxes;
  std::vector<float> scores;
  for (const Face& face : faces) {
    boxes.push_back(face.box);
    scores.push_back(face.score);
  }
  std::vector<Face> kept;
  for (const uint32_t i : suppress(boxes, scores, threshold, rule)) kept.push_back(faces[i]);
  faces = std::move(kept);
}

}  // namespace facerec
