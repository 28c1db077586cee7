// Classification heads: from embeddings to scaled logits with a margin.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "facerec/model/config.h"

namespace facerec {

// A parameter "weight" [classes, embedding_size], each row a class centre; `softmax` has a "bias" [classes] too.
class Head : public torch::nn::Module {
 public:
  // embeddings: raw [N,E], any float type; labels: int64 [N], 0 … C−1, or −1 for a class that another process holds
  // (its row gets no margin). Returns fp32 [N,C], scaled: what cross entropy takes. float64 embeddings give float64
  // logits.
  virtual torch::Tensor logits(torch::Tensor embeddings, torch::Tensor labels) = 0;

  torch::Tensor weight;

 protected:
  Head(int64_t classes, int64_t embedding_size);
};

// Throws a usage Error that lists the known names.
std::shared_ptr<Head> make_head(const HeadConfig& config, int64_t classes, int64_t embedding_size);
std::vector<std::string> head_names();

}  // namespace facerec
