// A network of ours as a graph of OpenVINO, built from its weights.
#pragma once

#include <openvino/core/model.hpp>
#include <vector>

#include "facerec/model/backbone.h"
#include "model/operator_arguments.h"

namespace facerec {

// Input: fp32 [batch,3,height,width], preprocessed. Output: fp32 [batch,embedding_size], as published_output() gives
// it. BatchNorm is folded into the layer before it. The weights that this leaves as they are stay the backbone's
// memory, which the graph keeps alive: they must not change while it is in use. Throws an Error naming an operator that
// has no translation. REQUIRES: fp32 weights on the CPU.
std::shared_ptr<ov::Model> openvino_graph(Backbone& backbone);

// A network from such images to anything, its BatchNorms folded already: the output is the recording's.
std::shared_ptr<ov::Model> openvino_graph(const Recording& recording);

// A recording on its way into such a graph.
class OpenVinoGraph {
 public:
  using Value = ov::Output<ov::Node>;

  explicit OpenVinoGraph(const Recording& recording) : recording_(recording), values_(recording.values.size()) {}

  const Recording& recording() const { return recording_; }
  const Shape& shape(int index) const { return recording_.value(index).shape; }

  Value value(int index);  // a constant shares its tensor's memory
  void set_value(int index, const Value& value) { values_[static_cast<size_t>(index)] = value; }

  static Value constant(const torch::Tensor& tensor);  // fp32
  static Value scalar(double number);
  static Value integers(const Shape& numbers);

 private:
  const Recording& recording_;
  std::vector<Value> values_;
};

// Of an operator with one output. nullptr for one without a translation.
using OpenVinoTranslator = OpenVinoGraph::Value (*)(OpenVinoGraph& graph, const RecordedOperator& op);
OpenVinoTranslator find_openvino_translator(const std::string& name);

}  // namespace facerec
