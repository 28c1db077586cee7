// Layers with weights or windows in the operators of ONNX.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/onnx_operators.h"

namespace facerec::onnx_operators {
namespace {

Shape both(Shape before, const Shape& after) {
  before.insert(before.end(), after.begin(), after.end());
  return before;
}

std::vector<OnnxAttribute> attributes_of(const SlidingWindow& window) {
  return {{"kernel_shape", window.kernel}, {"strides", window.stride}, {"pads", both(window.before, window.after)}};
}

}  // namespace

Names conv(Graph& graph, const Op& op) {
  const SlidingWindow window = convolution_window(graph.recording(), op);
  Names inputs{input(graph, op, "input"), input(graph, op, "weight")};
  if (op.has("bias")) inputs.push_back(input(graph, op, "bias"));
  std::vector<OnnxAttribute> attributes = attributes_of(window);
  attributes.push_back({"dilations", window.dilation});
  attributes.push_back({"group", op.integer("groups")});
  return {graph.add("Conv", inputs, attributes)};
}

Names linear(Graph& graph, const Op& op) {
  const std::string x = input(graph, op, "input"), weight = input(graph, op, "weight");
  if (graph.rank(op.tensor("input")) == 2) {
    Names inputs{x, weight};
    if (op.has("bias")) inputs.push_back(input(graph, op, "bias"));
    return {graph.add("Gemm", inputs, {{"transB", int64_t{1}}})};
  }
  // The initializer stays as the state dict has it; runtimes transpose constants once.
  const std::string product = graph.add("MatMul", {x, graph.add("Transpose", {weight}, {{"perm", Shape{1, 0}}})});
  if (!op.has("bias")) return {product};
  return {graph.add("Add", {product, input(graph, op, "bias")})};
}

Names batch_norm(Graph& graph, const Op& op) {
  if (op.flag("training") || !op.has("running_mean")) throw unsupported(op, "the statistics of the batch");
  const Shape channels = shape_of(graph, op.tensor("running_mean"));
  auto or_filled = [&](const char* name, double value) {
    return op.has(name) ? input(graph, op, name) : graph.constant(torch::full(channels, value));
  };
  const std::string weight = or_filled("weight", 1), bias = or_filled("bias", 0);
  return {graph.add(
      "BatchNormalization",
      {input(graph, op, "input"), weight, bias, input(graph, op, "running_mean"), input(graph, op, "running_var")},
      {{"epsilon", op.real("eps")}})};
}

Names layer_norm(Graph& graph, const Op& op) {
  const auto axes = static_cast<int64_t>(op.integers("normalized_shape").size());
  const std::string x = input(graph, op, "input");
  const Shape shape = op.integers("normalized_shape");
  const std::string weight = op.has("weight") ? input(graph, op, "weight") : graph.constant(torch::ones(shape));
  if (graph.opset() >= 17) {
    Names inputs{x, weight};
    if (op.has("bias")) inputs.push_back(input(graph, op, "bias"));
    return {graph.add("LayerNormalization", inputs, {{"axis", -axes}, {"epsilon", op.real("eps")}})};
  }
  Shape over(static_cast<size_t>(axes));
  std::iota(over.begin(), over.end(), -axes);
  const std::string centred = graph.add("Sub", {x, graph.add("ReduceMean", {x}, {{"axes", over}})});
  const std::string variance = graph.add("ReduceMean", {graph.add("Mul", {centred, centred})}, {{"axes", over}});
  const std::string deviation = graph.add("Sqrt", {graph.add("Add", {variance, graph.scalar(op.real("eps"))})});
  const std::string scaled = graph.add("Mul", {graph.add("Div", {centred, deviation}), weight});
  if (!op.has("bias")) return {scaled};
  return {graph.add("Add", {scaled, input(graph, op, "bias")})};
}

Names prelu(Graph& graph, const Op& op) {
  // ONNX broadcasts from the last axis; the slopes belong to the second.
  const int slopes = op.tensor("weight");
  Shape shape(static_cast<size_t>(std::max<int64_t>(graph.rank(op.tensor("self")) - 1, 1)), 1);
  shape[0] = shape_of(graph, slopes).empty() ? 1 : shape_of(graph, slopes)[0];
  return {graph.add("PRelu", {input(graph, op), graph.reshaped(slopes, shape)})};
}

Names max_pool(Graph& graph, const Op& op) {
  const SlidingWindow window = pooling_window(op);
  std::vector<OnnxAttribute> attributes = attributes_of(window);
  attributes.push_back({"dilations", window.dilation});
  attributes.push_back({"ceil_mode", int64_t{op.flag("ceil_mode")}});
  return {graph.add("MaxPool", {input(graph, op)}, attributes)};
}

Names avg_pool(Graph& graph, const Op& op) {
  if (op.flag("ceil_mode")) throw unsupported(op, "ceil_mode=true");  // they count what is padded differently
  if (op.has("divisor_override")) throw unsupported(op, "divisor_override");
  std::vector<OnnxAttribute> attributes = attributes_of(pooling_window(op));
  attributes.push_back({"count_include_pad", int64_t{op.flag("count_include_pad")}});
  return {graph.add("AveragePool", {input(graph, op)}, attributes)};
}

Names adaptive_avg_pool(Graph& graph, const Op& op) {
  if (sides(op, "output_size") == Shape{1, 1}) return {graph.add("GlobalAveragePool", {input(graph, op)})};
  return {graph.add("AveragePool", {input(graph, op)}, attributes_of(adaptive_window(graph.recording(), op)))};
}

Names attention(Graph& graph, const Op& op) {
  if (op.flag("is_causal") || op.flag("enable_gqa")) throw unsupported(op, "is_causal or enable_gqa");
  const int query = op.tensor("query");
  Shape swap(static_cast<size_t>(graph.rank(query)));
  std::iota(swap.begin(), swap.end(), 0);
  std::swap(swap.back(), swap[swap.size() - 2]);
  const double scale =
      op.has("scale") ? op.real("scale") : 1 / std::sqrt(static_cast<double>(shape_of(graph, query).back()));
  const std::string scaled = graph.add("Mul", {graph.name(query), graph.scalar(scale)});
  const std::string keys = graph.add("Transpose", {input(graph, op, "key")}, {{"perm", swap}});
  std::string scores = graph.add("MatMul", {scaled, keys});
  if (op.has("attn_mask")) scores = graph.add("Add", {scores, input(graph, op, "attn_mask")});
  const std::string weights = graph.add("Softmax", {scores}, {{"axis", int64_t{-1}}});
  return {graph.add("MatMul", {weights, input(graph, op, "value")})};
}

Names matmul(Graph& graph, const Op& op) {
  const char* other = op.name == "bmm" ? "mat2" : "other";
  return {graph.add("MatMul", {input(graph, op), input(graph, op, other)})};
}

}  // namespace facerec::onnx_operators
