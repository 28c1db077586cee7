// ATen's operators in those of OpenVINO: a function each, and the table at the end.
#include <algorithm>
#include <openvino/opsets/opset13.hpp>

#include "infer/openvino_graph.h"
#include "model/operator_arguments.h"

namespace facerec {
namespace {

namespace ops = ov::opset13;
using Graph = OpenVinoGraph;
using Op = RecordedOperator;
using Value = OpenVinoGraph::Value;

template <class Node, class... Arguments>
Value make(const Arguments&... arguments) {
  return std::make_shared<Node>(arguments...)->output(0);
}

Value input(Graph& graph, const Op& op, const char* name = "self") { return graph.value(op.tensor(name)); }

template <class Node>
Value unary(Graph& graph, const Op& op) {
  return make<Node>(input(graph, op));
}

Value operand(Graph& graph, const Op& op, const char* name) {
  const RecordedArgument& argument = op.argument(name);
  if (const auto value = number(graph.recording(), argument)) return Graph::scalar(*value);
  return graph.value(argument.values[0]);
}

// add, sub, mul, div
template <class Node>
Value binary(Graph& graph, const Op& op) {
  Value other = operand(graph, op, "other");
  if (alpha(op) != 1) other = make<ops::Multiply>(other, Graph::scalar(alpha(op)));
  return make<Node>(operand(graph, op, "self"), other);
}

Value relu6(Graph& graph, const Op& op) { return make<ops::Clamp>(input(graph, op), 0.0, 6.0); }

Value softmax(Graph& graph, const Op& op) { return make<ops::Softmax>(input(graph, op), op.integer("dim")); }

Value matmul(Graph& graph, const Op& op) {
  return make<ops::MatMul>(input(graph, op), input(graph, op, "other"), false, false);
}

// ---- Shapes: where they change, what ATen was told does not matter.

Value reshape(Graph& graph, const Op& op) {
  const Shape& shape = graph.shape(op.outputs[0]);
  if (std::count(shape.begin(), shape.end(), -1) > 1) throw unsupported(op, "two axes that grow with the batch");
  return make<ops::Reshape>(input(graph, op), Graph::integers(shape), false);
}

Value permute(Graph& graph, const Op& op) {
  return make<ops::Transpose>(input(graph, op), Graph::integers(order_of_axes(graph.recording(), op)));
}

Value slice(Graph& graph, const Op& op) {
  const auto [dim, start, end, step] = sliced(graph.recording(), op);
  return make<ops::Slice>(input(graph, op), Graph::integers({start}), Graph::integers({end}), Graph::integers({step}),
                          Graph::integers({dim}));
}

Value select(Graph& graph, const Op& op) {
  const int64_t dim = axis(graph.recording(), op, op.integer("dim"));
  const Value index = ops::Constant::create(ov::element::i64, {}, {op.integer("index")});
  return make<ops::Gather>(input(graph, op), index, Graph::integers({dim}));
}

Value cat(Graph& graph, const Op& op) {
  ov::OutputVector inputs;
  for (const int value : op.argument("tensors").values) inputs.push_back(graph.value(value));
  return make<ops::Concat>(inputs, axis(graph.recording(), op, op.integer("dim")));
}

Value pad(Graph& graph, const Op& op) {
  const auto [before, after, value] = margins(graph.recording(), op);
  return make<ops::Pad>(input(graph, op), Graph::integers(before), Graph::integers(after), Graph::scalar(value),
                        ov::op::PadMode::CONSTANT);
}

// ATen's channel c·r² + i·r + j is pixel (i, j) of channel c.
Value pixel_shuffle(Graph& graph, const Op& op) {
  return make<ops::DepthToSpace>(input(graph, op), ops::DepthToSpace::DepthToSpaceMode::DEPTH_FIRST,
                                 static_cast<size_t>(op.integer("upscale_factor")));
}

// ---- Layers

ov::Strides strides(const Shape& shape) { return {shape.begin(), shape.end()}; }
ov::CoordinateDiff differences(const Shape& shape) { return {shape.begin(), shape.end()}; }
ov::Shape sizes(const Shape& shape) { return {shape.begin(), shape.end()}; }

// One number a channel, for images.
Value per_channel(Graph& graph, int index) {
  return Graph::constant(graph.recording().value(index).constant.reshape({1, -1, 1, 1}));
}

Value convolve(Graph& graph, const Op& op) {
  const SlidingWindow window = convolution_window(graph.recording(), op);
  const ov::Strides stride = strides(window.stride), dilation = strides(window.dilation);
  const ov::CoordinateDiff before = differences(window.before), after = differences(window.after);
  const Value x = input(graph, op, "input");
  const int64_t groups = op.integer("groups");
  if (groups == 1) return make<ops::Convolution>(x, input(graph, op, "weight"), stride, before, after, dilation);
  Shape shape = graph.shape(op.tensor("weight"));
  shape[0] /= groups;
  shape.insert(shape.begin(), groups);
  const Value weight = Graph::constant(graph.recording().value(op.tensor("weight")).constant.reshape(shape));
  return make<ops::GroupConvolution>(x, weight, stride, before, after, dilation);
}

Value conv(Graph& graph, const Op& op) {
  const Value y = convolve(graph, op);
  return op.has("bias") ? make<ops::Add>(y, per_channel(graph, op.tensor("bias"))) : y;
}

Value linear(Graph& graph, const Op& op) {
  const Value y = make<ops::MatMul>(input(graph, op, "input"), input(graph, op, "weight"), false, true);
  return op.has("bias") ? make<ops::Add>(y, input(graph, op, "bias")) : y;
}

Value batch_norm(Graph& graph, const Op& op) {
  if (op.flag("training") || !op.has("running_mean")) throw unsupported(op, "the statistics of the batch");
  const torch::Tensor& mean = graph.recording().value(op.tensor("running_mean")).constant;
  const Value gain = op.has("weight") ? input(graph, op, "weight") : Graph::constant(torch::ones_like(mean));
  const Value shift = op.has("bias") ? input(graph, op, "bias") : Graph::constant(torch::zeros_like(mean));
  return make<ops::BatchNormInference>(input(graph, op, "input"), gain, shift, input(graph, op, "running_mean"),
                                       input(graph, op, "running_var"), op.real("eps"));
}

Value layer_norm(Graph& graph, const Op& op) {
  Shape axes;
  for (int64_t i = -static_cast<int64_t>(op.integers("normalized_shape").size()); i < 0; ++i) axes.push_back(i);
  Value y = make<ops::MVN>(input(graph, op, "input"), Graph::integers(axes), true, static_cast<float>(op.real("eps")),
                           ov::op::MVNEpsMode::INSIDE_SQRT);
  if (op.has("weight")) y = make<ops::Multiply>(y, input(graph, op, "weight"));
  return op.has("bias") ? make<ops::Add>(y, input(graph, op, "bias")) : y;
}

Value prelu(Graph& graph, const Op& op) { return make<ops::PRelu>(input(graph, op), input(graph, op, "weight")); }

Value max_pool(Graph& graph, const Op& op) {
  const SlidingWindow window = pooling_window(op);
  const auto rounding = op.flag("ceil_mode") ? ov::op::RoundingType::CEIL_TORCH : ov::op::RoundingType::FLOOR;
  return make<ops::MaxPool>(input(graph, op), strides(window.stride), strides(window.dilation), sizes(window.before),
                            sizes(window.after), sizes(window.kernel), rounding);
}

Value adaptive_avg_pool(Graph& graph, const Op& op) {
  if (sides(op, "output_size") == Shape{1, 1}) {
    return make<ops::ReduceMean>(input(graph, op), Graph::integers({2, 3}), true);
  }
  const SlidingWindow window = adaptive_window(graph.recording(), op);
  constexpr bool exclude_padding = true;  // there is none
  return make<ops::AvgPool>(input(graph, op), strides(window.stride), sizes(window.before), sizes(window.after),
                            sizes(window.kernel), exclude_padding);
}

struct Entry {
  const char* name;
  OpenVinoTranslator translate;
};

const Entry translators[] = {
    {"flatten", reshape},
    {"reshape", reshape},
    {"squeeze", reshape},
    {"unflatten", reshape},
    {"unsqueeze", reshape},
    {"view", reshape},
    {"permute", permute},
    {"transpose", permute},
    {"slice", slice},
    {"select", select},
    {"constant_pad_nd", pad},
    {"cat", cat},
    {"pixel_shuffle", pixel_shuffle},
    {"conv2d", conv},
    {"linear", linear},
    {"batch_norm", batch_norm},
    {"layer_norm", layer_norm},
    {"prelu", prelu},
    {"max_pool2d", max_pool},
    {"adaptive_avg_pool2d", adaptive_avg_pool},
    {"matmul", matmul},
    {"relu", unary<ops::Relu>},
    {"relu6", relu6},
    {"sigmoid", unary<ops::Sigmoid>},
    {"tanh", unary<ops::Tanh>},
    {"silu", unary<ops::Swish>},
    {"softmax", softmax},
    {"add", binary<ops::Add>},
    {"mul", binary<ops::Multiply>},
};

}  // namespace

OpenVinoTranslator find_openvino_translator(const std::string& name) {
  const auto* found = std::find_if(std::begin(translators), std::end(translators),
                                   [&](const Entry& entry) { return name == entry.name; });
  return found == std::end(translators) ? nullptr : found->translate;
}

}  // namespace facerec
