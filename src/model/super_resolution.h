// Networks that make small images large: rcan.h, espcn.h.
#pragma once

#include <torch/torch.h>

#include <map>
#include <memory>
#include <string>

#include "facerec/io/tensor_file.h"

namespace facerec {

class SuperResolutionNetwork : public torch::nn::Module {
 public:
  // x [N,3,H,W], RGB of 0 … 255; returns [N,3,scale·H,scale·W] of the same range, not clamped.
  virtual torch::Tensor forward(const torch::Tensor& x) = 0;

  // The first weights of a training as published, drawn from LibTorch's default generator.
  virtual void initialise() = 0;

  const std::string& title() const { return title_; }  // "RCAN"
  int64_t scale() const { return scale_; }

 protected:
  SuperResolutionNetwork(std::string title, int64_t scale) : title_(std::move(title)), scale_(scale) {}

 private:
  std::string title_;
  int64_t scale_;
};

// The network of a file in evaluation mode, in fp32 on the CPU; which and how large is told from keys and shapes.
// Throws an Error naming the file and what is missing, unexpected or of another shape, when it holds none.
std::shared_ptr<SuperResolutionNetwork> load_super_resolution(const TensorFile& file);

// A file's tensors by their names, without the prefix that a wrapper put before them.
using TensorMap = std::map<std::string, TensorView>;

// The extent of a tensor's first dimension; 0 where there is no such tensor.
int64_t rows(const TensorMap& tensors, const std::string& key);

}  // namespace facerec
