// What the translators of operators share.
#pragma once

#include <string>
#include <vector>

#include "model/onnx_graph.h"
#include "model/operator_arguments.h"

namespace facerec::onnx_operators {

using Graph = OnnxGraph;
using Op = RecordedOperator;

inline std::string input(Graph& graph, const Op& op, const char* name = "self") { return graph.name(op.tensor(name)); }

inline const Shape& shape_of(const Graph& graph, int value) { return graph.value(value).shape; }

inline int64_t axis(const Graph& graph, const Op& op, int64_t dim) { return axis(graph.recording(), op, dim); }

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
