// The centres of the lists of an index.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "facerec/gallery/matrix.h"
#include "gallery/scan.h"

namespace facerec {

class ListCentres {
 public:
  // [lists, dimension], of unit length. A copy.
  ListCentres(std::span<const float> centres, int64_t dimension);

  int64_t size() const;
  std::span<const float> all() const { return centres_; }
  // Of each of n vectors the `count` lists (rows of the centres) whose centres are nearest.
  std::vector<std::vector<RowMatch>> nearest(std::span<const float> vectors, int64_t n, int64_t count,
                                             int threads) const;

 private:
  int64_t dimension_;
  std::vector<float> centres_, scales_;
  std::vector<GroupBounds> bounds_;
  std::vector<uint8_t> codes_;
};

// By k-means with cosines (faiss), over a sample of the templates.
ListCentres train_centres(const TemplateMatrix& templates, int64_t lists, int threads);

}  // namespace facerec
