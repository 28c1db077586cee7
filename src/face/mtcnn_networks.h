// The three networks of MTCNN (Zhang et al. 2016, "Joint Face Detection and Alignment using Multi-task Cascaded
// Convolutional Networks") as facenet-pytorch has them: PNet looks everywhere, RNet refines, ONet decides and finds the
// landmarks.
#pragma once

#include <torch/torch.h>

#include <array>

#include "face/detector_weights.h"

namespace facerec::mtcnn {

// Input: fp32 [N,3,H,W], (x − 127.5)/128 of RGB, channels-last in memory for speed.
//
// Of PNet h, w = ceil((H − 2)/2) − 4, …: a cell looks at 12×12 pixels, 2 from its neighbours. probability: [N,h,w] of a
// face; box: [N,4,h,w], corrections of x1, y1, x2, y2 as fractions of the box's sides. RNet (24×24) and ONet (48×48):
// the same without h, w; landmarks: [N,10], five x then five y, as fractions of the sides.
struct Output {
  torch::Tensor probability, box, landmarks;
};

// A convolution, or a linear layer over images flattened by row, column, channel; then PReLU where it has slopes.
struct Layer {
  torch::Tensor weight, bias, slope;
};

class PNet {
 public:
  PNet(DetectorWeights weights, torch::Device device);
  Output forward(const torch::Tensor& x) const;

 private:
  std::array<Layer, 3> conv_;
  Layer head_;
};

class RNet {
 public:
  RNet(DetectorWeights weights, torch::Device device);
  Output forward(const torch::Tensor& x) const;

 private:
  std::array<Layer, 3> conv_;
  Layer dense_, head_;
};

class ONet {
 public:
  ONet(DetectorWeights weights, torch::Device device);
  Output forward(const torch::Tensor& x) const;

 private:
  std::array<Layer, 4> conv_;
  Layer dense_, head_;
};

}  // namespace facerec::mtcnn
