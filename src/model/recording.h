// One forward of a network as the list of the ATen operators that it called.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <string>
#include <vector>

#include "facerec/model/backbone.h"

namespace facerec {

inline constexpr int no_value = -1;

struct RecordedValue {
  std::vector<int64_t> shape;  // −1 where it grows with the batch
  torch::Tensor constant;      // what it is, when it does not depend on the network's input
  std::string key;             // of a parameter or buffer in the state dict; "" otherwise
};

struct RecordedArgument {
  std::string name;         // as ATen's schema has it: "stride"
  std::vector<int> values;  // of a tensor or a list of tensors; no_value for an undefined one
  c10::IValue constant;     // of anything else
};

struct RecordedOperator {
  std::string name;  // without namespace, overload and the '_' that marks changes in place: "conv2d"
  std::vector<RecordedArgument> arguments;
  std::vector<int> outputs;

  // Of an argument by its name; throw Error where the operator has none of it.
  const RecordedArgument& argument(const std::string& name) const;
  bool has(const std::string& name) const;  // also false where it is None
  int tensor(const std::string& name) const;
  int64_t integer(const std::string& name) const;
  double real(const std::string& name) const;
  bool flag(const std::string& name) const;
  std::vector<int64_t> integers(const std::string& name) const;
};

struct Recording {
  std::vector<RecordedValue> values;
  std::vector<RecordedOperator> operators;  // those that the output depends on
  int input = no_value, output = no_value;

  const RecordedValue& value(int index) const { return values[static_cast<size_t>(index)]; }
};

// Runs the network twice, in evaluation mode and in fp32, on batches of different size: what differs is what depends on
// the batch. Operators that others call are not listed, and what does not depend on the input is a constant. Throws an
// Error where the list cannot stand for the network: it depends on the batch, computes in another type, or uses a
// tensor after a change through another view of it.
Recording record(Backbone& backbone);

// The same of any network from images of 3 channels and this size, on the device where its parameters are.
using Forward = std::function<torch::Tensor(const torch::Tensor&)>;
Recording record(torch::nn::Module& network, const Forward& forward, int64_t height, int64_t width);

// Multiplies each BatchNorm into the convolution or linear layer before it, where that serves nothing else.
void fold_batch_norms(Recording& recording);

}  // namespace facerec
