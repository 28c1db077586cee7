// Heads on the sphere: cosines between embeddings and class centres, and a margin on that to the own class.
#pragma once

#include "model/heads.h"

namespace facerec {

// What a margin may depend on, beside the cosines [N,C].
struct Rows {
  torch::Tensor norms;   // [N,1], of the raw embeddings
  torch::Tensor own;     // int64 [N,1], the column of the own class: to be changed only where
  torch::Tensor held;    // bool [N,1]
  torch::Tensor target;  // [N,1], the cosine to the own class
};

class MarginHead : public Head {
 public:
  // scale: what the cosines are multiplied with in the end. centers: of a class.
  MarginHead(HeadShape shape, double scale, int64_t centers = 1)
      : Head(shape.classes, shape.embedding_size, centers), scale_(scale) {}

  torch::Tensor logits(torch::Tensor embeddings, torch::Tensor labels) final;

 protected:
  // cosine [N,C] may be changed in place: C may be a million.
  virtual torch::Tensor with_margin(torch::Tensor cosine, const Rows& rows) = 0;

  // Cosines to classes [N,C] from those to all centres.
  virtual torch::Tensor of_classes(const torch::Tensor& cosine) { return cosine; }

 private:
  double scale_;
};

// √(1 − cos²). At |cos| = 1 its slope is infinite and rounding may leave a negative radicand: there 0 with slope 0.
torch::Tensor sine_of(const torch::Tensor& cosine);

// ArcFace's cos(θ + m) of the cosines to the own classes, with its exact gradient. Beyond θ + m = π, where the cosine
// would rise again, a straight line goes on.
torch::Tensor add_to_angle(const torch::Tensor& cosine, double margin);

// Writes `margined` [N,1] over the own class of every row that is held, in place.
torch::Tensor put_margined(torch::Tensor cosine, const torch::Tensor& margined, const Rows& rows);

}  // namespace facerec
