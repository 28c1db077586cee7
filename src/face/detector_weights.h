// The weights of a detector's network, taken out of their file by key.
#pragma once

#include <torch/torch.h>

#include <map>
#include <set>
#include <string>

#include "facerec/core/error.h"
#include "facerec/io/tensor_file.h"

namespace facerec {

class DetectorWeights {
 public:
  // Keys may begin with "module.", as DataParallel writes them. Throws Error when the file holds no tensors.
  explicit DetectorWeights(const fs::path& path);

  // A copy in fp32 on the CPU. Throws Error naming file and key when it is absent or of another shape.
  torch::Tensor take(const std::string& key, const std::vector<int64_t>& shape);
  bool has(const std::string& key) const { return tensors_.contains(key); }

  // Throws Error when something is left that no one took, but for BatchNorm's counters: it is then another network.
  void expect_all_taken() const;

 private:
  Error error(const std::string& what) const;
  TensorFile file_;
  std::map<std::string, TensorView> tensors_;
  std::set<std::string> taken_;
};

}  // namespace facerec
