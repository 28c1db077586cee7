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

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "facerec/core/share.h"
#include "facerec/model/config.h"

namespace facerec {

// Rows of a head's parameter that the present step uses alone.
struct SampledRows {
  torch::Tensor parameter;  // the head's
  torch::Tensor rows;       // int64 [n], ascending
  torch::Tensor values;     // [n, …], a copy of these rows: gradients reach it, not the parameter
};

// The number of classes, and which of them this process holds.
struct HeadClasses {
  int64_t total;
  Range held;

  HeadClasses(int64_t count) : total(count), held{0, count} {}  // all of them; implicit: most heads are whole
  HeadClasses(int64_t count, Range part) : total(count), held(part) {}
};

// A parameter "weight" [classes, embedding_size], each row a class centre (subcenter_arcface: [classes · centers,
// embedding_size], those of a class one after the other); `softmax` has a "bias" [classes] too. `classes` are those
// held. What a head keeps from step to step (adaface, curricularface, sphereface) are buffers, which move in training
// mode alone and which checkpoints hold.
class Head : public torch::nn::Module {
 public:
  // embeddings: raw [N,E], any float type; labels: int64 [N], counting the classes in use from 0, or −1 for a class
  // that is not among them (its row gets no margin). Returns fp32 [N,C], scaled: what cross entropy takes. float64
  // embeddings give float64 logits.
  virtual torch::Tensor logits(torch::Tensor embeddings, torch::Tensor labels) = 0;

  // What the head wants of the embeddings beside their classification, a scalar that is added to the loss (MagFace's
  // λ·g); undefined: nothing.
  virtual torch::Tensor regularisation(const torch::Tensor& /*embeddings*/) { return {}; }

  // Whether the head computes each class by itself, with no state of a class beside its parameters, so that a step may
  // use a sample of the classes.
  virtual bool can_sample() const { return true; }

  // The classes in use from now on: int64 [n], ascending, of those held; undefined: all.
  void use_classes(const torch::Tensor& classes);
  const std::vector<SampledRows>& sampled() const { return sampled_; }

  const HeadClasses& classes() const { return classes_; }

  // Whether the first dimension of a tensor of the state dict counts the classes held (times their centres).
  bool is_by_class(const std::string& name) const;

  torch::Tensor weight;

  // Of the last logits(): detached cosines to the own classes, before the margin, [N]; 0 where the label is −1.
  // Undefined: the head knows no cosines.
  torch::Tensor target_cosines;

  // Of each row over the processes that hold the other classes: x [N,…] of this one → the sum. Every process calls
  // logits() alike.
  std::function<torch::Tensor(const torch::Tensor&)> sum_over_processes = [](const torch::Tensor& x) { return x; };

 protected:
  Head(const HeadClasses& classes, int64_t embedding_size, int64_t centers = 1);

  // Fills the weight with draws for all classes, block by block, of which those held are kept: however the classes are
  // divided, the numbers are the same, and so is the random state afterwards.
  void draw_weight(const std::function<void(torch::Tensor& block)>& draw);
  void draw_xavier_uniform();

  // A parameter as this step uses it: the rows that were sampled.
  const torch::Tensor& used(const torch::Tensor& parameter) const;

 private:
  HeadClasses classes_;
  int64_t centers_;
  std::vector<SampledRows> sampled_;
};

// Throws a usage Error that lists the known names.
std::shared_ptr<Head> make_head(const HeadConfig& config, const HeadClasses& classes, int64_t embedding_size);
std::vector<std::string> head_names();

}  // namespace facerec
