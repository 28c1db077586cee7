// Classification heads: from embeddings to scaled logits with a margin.
//
// With θ_j the angle between an embedding x and the centre of class j, y the own class, s the scale: logit j is
// s·cos θ_j, and logit y
//
//     softmax            w_y·x + b_y, and all w_j·x + b_j; logit_norm: each class's standardised over the batch
//                        (BatchNorm, Gao et al. 2019, 1908.01683)
//     sphereface         ‖x‖·(λ·cos θ + ψ(m·θ)) / (1 + λ), and all ‖x‖·cos θ_j (Liu et al. 2017, 1704.08063); with
//                        face.evoLVe's λ = max(5, 1000 / (1 + 0.12·iteration))
//     cosface            s·(cos θ − m) (Wang et al. 2018, 1801.09414; AM-Softmax, 1801.05599)
//     arcface            s·cos(θ + m); where θ + m > π: s·(cos θ − m·sin m); easy_margin: s·cos θ where θ > π/2
//                        (Deng et al. 2019, 1801.07698; face.evoLVe's form)
//     arcface_torch      s·cos(θ + m) for every θ, with the gradient of s·cos θ, as insightface's arcface_torch has it
//     combined           s·(ψ(m1·θ + m2) − m3) (1801.07698, eq. 4)
//     subcenter_arcface  arcface, where the nearest of its centres stands for a class (Deng et al. 2020)
//     adaface            s·(cos(θ − m·q) − m·(1 + q)), q = h·(‖x‖ − μ) / (σ + 0.001) in [−1, 1] (Kim et al. 2022,
//                        2204.00964)
//     magface            s·cos(θ + m(‖x‖)), m linear between norm_margins over norms; where that passes π: s·cos θ
//                        (Meng et al. 2021, 2103.06627)
//     curricularface     arcface, and others nearer than cos(θ + m): s·cos θ_j·(t + cos θ_j) (Huang et al. 2020,
//                        2004.00288)
//
// filter_threshold (arcface_torch, combined): another class with a cosine above it is taken for the same person under
// another name, and its logit is 0 without a gradient; insightface's interclass_filtering_threshold.
//
// ψ(φ) = (−1)^k·cos φ − 2k for φ in [kπ, (k+1)π]: the cosine up to π, and falling on beyond, smooth at the joints.
//
// adaface keeps μ and σ of the norms (clipped to [0.001, 100]; start: 20, 100) as moving averages of rate t_alpha, and
// angles within [0.001, π − 0.001], as its author does. It differs in two points: logits of other classes are not
// clipped to ±0.999, and a batch of one leaves σ, which a single norm does not have, alone. curricularface keeps t, the
// moving average of cos θ. Gradients are exact, with two exceptions by their authors' intent: arcface_torch's, and
// adaface's margin, which counts as constant.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "facerec/model/config.h"

namespace facerec {

// A parameter "weight" [classes, embedding_size], each row a class centre (subcenter_arcface: [classes · centers,
// embedding_size], those of a class one after the other); `softmax` has a "bias" [classes] too. What a head keeps from
// step to step (adaface, curricularface, sphereface) are buffers, which move in training mode alone and which
// checkpoints hold.
class Head : public torch::nn::Module {
 public:
  // embeddings: raw [N,E], any float type; labels: int64 [N], 0 … C−1, or −1 for a class that another process holds
  // (its row gets no margin). Returns fp32 [N,C], scaled: what cross entropy takes. float64 embeddings give float64
  // logits.
  virtual torch::Tensor logits(torch::Tensor embeddings, torch::Tensor labels) = 0;

  // What the head wants of the embeddings beside their classification, a scalar that is added to the loss (MagFace's
  // λ·g); undefined: nothing.
  virtual torch::Tensor regularisation(const torch::Tensor& /*embeddings*/) { return {}; }

  torch::Tensor weight;

 protected:
  Head(int64_t classes, int64_t embedding_size);
};

// Throws a usage Error that lists the known names.
std::shared_ptr<Head> make_head(const HeadConfig& config, int64_t classes, int64_t embedding_size);
std::vector<std::string> head_names();

}  // namespace facerec
