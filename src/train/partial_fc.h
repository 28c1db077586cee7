// A classification head that the processes of a training share: each holds a range of the classes, sees the embeddings
// of all, and may use a sample of its classes in a step. arcface_torch's PartialFC_V2 (An et al. 2022, 2203.15565), for
// every head.
#pragma once

#include <torch/torch.h>

#include <memory>

#include "facerec/dist/world.h"
#include "facerec/model/head.h"

namespace facerec {

class PartialFC {
 public:
  // Throws a usage Error when there are fewer classes than processes.
  PartialFC(const HeadConfig& config, int64_t classes, int64_t embedding_size, const World& world);

  const std::shared_ptr<Head>& head() const { return head_; }

  // Chooses the classes of a step: those of `labels` (int64, of all processes and all batches of the step) and, up to
  // sample_rate of the classes held, others drawn from LibTorch's default generator. Nothing with a rate of 1.
  void sample(const torch::Tensor& labels);

  // The same with classes of this process (counted from its first) that are given.
  void use(const torch::Tensor& held_classes);

  // embeddings [n,E] of this process, labels int64 [N] of all, of sampled classes where classes are sampled. The loss
  // of all N; gradients of embeddings are those of the loss times the number of processes (gather.h).
  torch::Tensor loss(const ClassificationLossConfig& config, const torch::Tensor& embeddings,
                     const torch::Tensor& labels);

  // This process's part of the mean cosine to the own class in the last loss(): the sum over the processes is the mean.
  // Undefined: the head knows no cosines.
  torch::Tensor target_cosine() const;

 private:
  torch::Tensor places_of(const torch::Tensor& labels) const;

  double sample_rate_;
  const World& world_;
  std::shared_ptr<Head> head_;
  torch::Tensor used_;  // int64, ascending, classes of this process; undefined: all
};

}  // namespace facerec
