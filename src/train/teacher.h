// Distillation: a larger network that was trained before, and that the one in training follows.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <vector>

#include "facerec/model/backbone.h"
#include "facerec/model/head.h"
#include "facerec/train/config.h"
#include "train/objective.h"

namespace facerec {

class Teacher {
 public:
  // `config.teacher` is a model file (what find_model() gives). For logit_weight > 0 it lies in a checkpoint of a run
  // of the task identity, whose head and configuration are read too. embedding_size and classes: the student's. Throws
  // Error naming the file when it cannot be read, and a usage Error with the key distill.teacher when embeddings are of
  // another size (embedding_weight > 0), or there is no head of as many classes (logit_weight > 0).
  Teacher(const DistillConfig& config, int64_t embedding_size, int64_t classes, torch::Device device,
          torch::MemoryFormat format);

  // What the teacher's answer to the same images adds to the loss, weights applied: "embedding_distillation",
  // "logit_distillation", each where its weight is above 0. pixels: uint8 [N,H,W,3], RGB, on the device, of any size;
  // they are brought to the teacher's by bilinear interpolation, antialiased. embeddings: the student's, raw [N,E].
  // logits: the student's without a margin, as its head gives them for labels of −1 [N,C]; may be undefined where
  // logit_weight is 0. Called under autocast or not; no gradient is computed for the teacher.
  std::vector<LossTerm> losses(const torch::Tensor& pixels, const torch::Tensor& embeddings,
                               const torch::Tensor& logits) const;

 private:
  torch::Tensor embed(const torch::Tensor& pixels) const;

  DistillConfig config_;
  torch::MemoryFormat format_;
  std::shared_ptr<Backbone> backbone_;
  std::shared_ptr<Head> head_;  // null where logit_weight is 0
};

}  // namespace facerec
