// RetinaFace (Deng et al. 2019) as biubug6/Pytorch_Retinaface has it: a backbone, a feature pyramid, a context module a
// level, and three outputs for two anchors a place.
#pragma once

#include <torch/torch.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "face/detector_weights.h"

namespace facerec::retinaface {

enum class Backbone { mobilenet025, resnet50 };

// A convolution with its BatchNorm folded in (eps 1e-5), and what follows: LeakyReLU(slope), ReLU for 0, nothing for 1.
struct ConvUnit {
  torch::Tensor weight, bias;
  int64_t stride = 1, padding = 0, groups = 1;
  double slope = 1;
  torch::Tensor forward(const torch::Tensor& x) const;
};

// loc: [N,P,4] and landmarks: [N,P,10], relative to the priors; score: [N,P] of a face.
struct Output {
  torch::Tensor loc, score, landmarks;
};

class Network {
 public:
  Network(DetectorWeights weights, Backbone backbone, torch::Device device);

  // x: fp32 [N,3,H,W], BGR less the mean (104, 117, 123).
  Output forward(const torch::Tensor& x) const;

  // Outputs of the last three stages, of strides 8, 16 and 32; of the feature pyramid; of the context modules.
  std::array<torch::Tensor, 3> body(const torch::Tensor& x) const;
  std::array<torch::Tensor, 3> pyramid(const std::array<torch::Tensor, 3>& stages) const;
  std::array<torch::Tensor, 3> context(const std::array<torch::Tensor, 3>& levels) const;

 private:
  struct Bottleneck {
    ConvUnit first, second, third;
    std::optional<ConvUnit> shortcut;
  };
  struct Context {  // "SSH"
    ConvUnit conv3, conv5_1, conv5_2, conv7_2, conv7_3;
  };
  struct Head {
    torch::Tensor weight, bias;  // of the three outputs in one: 2·(2 + 4 + 10) channels
  };
  friend class Builder;

  Backbone backbone_;
  std::array<std::vector<ConvUnit>, 3> mobile_;  // of mobilenet025: its stages
  ConvUnit stem_;                                // of resnet50
  std::array<std::vector<Bottleneck>, 4> residual_;
  std::array<ConvUnit, 3> lateral_;
  std::array<ConvUnit, 2> merge_;
  std::array<Context, 3> context_;
  std::array<Head, 3> head_;
};

}  // namespace facerec::retinaface
