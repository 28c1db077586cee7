// A recorded network on its way into an ONNX graph.
#pragma once

#include <onnx/onnx_pb.h>
#include <torch/torch.h>

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "model/recording.h"

namespace facerec {

using Names = std::vector<std::string>;

struct OnnxAttribute {
  const char* name;
  std::variant<int64_t, double, std::string, std::vector<int64_t>> value;
};

class OnnxGraph {
 public:
  OnnxGraph(onnx::GraphProto& proto, const Recording& recording, int64_t opset)
      : proto_(proto), recording_(recording), opset_(opset), names_(recording.values.size()) {}

  int64_t opset() const { return opset_; }
  const Recording& recording() const { return recording_; }
  const RecordedValue& value(int index) const { return recording_.value(index); }
  int64_t rank(int index) const { return static_cast<int64_t>(value(index).shape.size()); }

  // The value's name in the graph. A constant becomes an initializer, under its key of the state dict.
  std::string name(int index);
  void set_name(int index, std::string name) { names_[static_cast<size_t>(index)] = std::move(name); }

  // An initializer with the value's numbers in another shape, under the same key.
  std::string reshaped(int index, const std::vector<int64_t>& shape);
  std::string constant(const torch::Tensor& tensor) { return initializer("constant", tensor); }
  std::string scalar(double number) { return constant(torch::scalar_tensor(number, torch::kFloat32)); }
  std::string integers(const std::vector<int64_t>& numbers) { return constant(torch::tensor(numbers, torch::kInt64)); }

  // Adds a node with one output, whose name is that of the operator and a number; returns it.
  std::string add(const char* type, const Names& inputs, const std::vector<OnnxAttribute>& attributes = {});

  // Translates the operators in their order. Throws an Error naming an operator that has no translation.
  void translate();

  // Adds the division of each row by its length, as torch.nn.functional.normalize does it.
  std::string unit_length(const std::string& rows);

 private:
  std::string initializer(const std::string& name, const torch::Tensor& tensor);
  std::string fresh(const std::string& stem) { return stem + "_" + std::to_string(++counts_[stem]); }

  onnx::GraphProto& proto_;
  const Recording& recording_;
  int64_t opset_;
  Names names_;                        // of values; "" until there is one
  std::map<std::string, int> counts_;  // of names that begin alike
  std::map<std::string, torch::Tensor> initializers_;
  std::string operator_;  // that is being translated
};

// Writes the operator's nodes and returns the names of its outputs.
using OnnxTranslator = Names (*)(OnnxGraph& graph, const RecordedOperator& op);

// nullptr for an operator that has none.
OnnxTranslator find_translator(const std::string& name);

}  // namespace facerec
