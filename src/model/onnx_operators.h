// What the translators of operators share.
#pragma once

#include <string>
#include <vector>

#include "facerec/core/error.h"
#include "model/onnx_graph.h"

namespace facerec::onnx_operators {

using Graph = OnnxGraph;
using Op = RecordedOperator;
using Shape = std::vector<int64_t>;

inline Error unsupported(const Op& op, const std::string& what) {
  return Error("the operator " + op.name + " has no translation to ONNX with " + what);
}

inline std::string input(Graph& graph, const Op& op, const char* name = "self") { return graph.name(op.tensor(name)); }

inline const Shape& shape_of(const Graph& graph, int value) { return graph.value(value).shape; }

// From the front, however it was counted.
inline int64_t axis(const Graph& graph, const Op& op, int64_t dim) {
  return dim < 0 ? dim + graph.rank(op.arguments[0].values.at(0)) : dim;
}

// [2,2] for "2": ATen takes one number for all sides.
inline Shape sides(const Op& op, const char* name, size_t count = 2) {
  Shape values = op.integers(name);
  if (values.size() == 1) values.resize(count, values[0]);
  return values;
}

// onnx_layers.cpp: what has weights or windows.
Names conv(Graph& graph, const Op& op);
Names linear(Graph& graph, const Op& op);
Names batch_norm(Graph& graph, const Op& op);
Names layer_norm(Graph& graph, const Op& op);
Names prelu(Graph& graph, const Op& op);
Names max_pool(Graph& graph, const Op& op);
Names avg_pool(Graph& graph, const Op& op);
Names adaptive_avg_pool(Graph& graph, const Op& op);
Names attention(Graph& graph, const Op& op);
Names matmul(Graph& graph, const Op& op);

}  // namespace facerec::onnx_operators
