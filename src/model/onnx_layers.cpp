// Layers with weights or windows in the operators of ONNX.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/onnx_operators.h"

namespace facerec::onnx_operators {
namespace {

Shape doubled(Shape values) {
  values.insert(values.end(), values.begin(), values.end());
  return values;
}

Shape conv_pads(const Op& op, const Shape& kernel, const Shape& dilation) {
  if (!op.argument("padding").constant.isString()) return doubled(sides(op, "padding", kernel.size()));
  Shape pads(2 * kernel.size(), 0);
  if (op.argument("padding").constant.toStringRef() == "valid") return pads;
  for (size_t i = 0; i < kernel.size(); ++i) {
    const int64_t total = (kernel[i] - 1) * dilation[i];
    pads[i] = total / 2;  // "same": what is odd goes to the end
    pads[i + kernel.size()] = total - total / 2;
  }
  return pads;
}

}  // namespace

Names conv(Graph& graph, const Op& op) {
  if (op.has("transposed") && op.flag("transposed")) throw unsupported(op, "transposed=true");
  const Shape& weight = shape_of(graph, op.tensor("weight"));
  const Shape kernel(weight.begin() + 2, weight.end());
  const Shape dilation = sides(op, "dilation", kernel.size());
  Names inputs{input(graph, op, "input"), input(graph, op, "weight")};
  if (op.has("bias")) inputs.push_back(input(graph, op, "bias"));
  return {graph.add("Conv", inputs,
                    {{"kernel_shape", kernel},
                     {"strides", sides(op, "stride", kernel.size())},
                     {"pads", conv_pads(op, kernel, dilation)},
                     {"dilations", dilation},
                     {"group", op.integer("groups")}})};
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
  const Shape stride = op.integers("stride").empty() ? sides(op, "kernel_size") : sides(op, "stride");
  return {graph.add("MaxPool", {input(graph, op)},
                    {{"kernel_shape", sides(op, "kernel_size")},
                     {"strides", stride},
                     {"pads", doubled(sides(op, "padding"))},
                     {"dilations", sides(op, "dilation")},
                     {"ceil_mode", int64_t{op.flag("ceil_mode")}}})};
}

Names avg_pool(Graph& graph, const Op& op) {
  if (op.flag("ceil_mode")) throw unsupported(op, "ceil_mode=true");  // they count what is padded differently
  if (op.has("divisor_override")) throw unsupported(op, "divisor_override");
  const Shape stride = op.integers("stride").empty() ? sides(op, "kernel_size") : sides(op, "stride");
  return {graph.add("AveragePool", {input(graph, op)},
                    {{"kernel_shape", sides(op, "kernel_size")},
                     {"strides", stride},
                     {"pads", doubled(sides(op, "padding"))},
                     {"count_include_pad", int64_t{op.flag("count_include_pad")}}})};
}

Names adaptive_avg_pool(Graph& graph, const Op& op) {
  const Shape& image = shape_of(graph, op.tensor("self"));
  const Shape out = sides(op, "output_size");
  if (out == Shape{1, 1}) return {graph.add("GlobalAveragePool", {input(graph, op)})};
  Shape window;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t side = image[image.size() - 2 + i];
    if (side % out[i] != 0) throw unsupported(op, "windows of unequal size");
    window.push_back(side / out[i]);
  }
  return {graph.add("AveragePool", {input(graph, op)}, {{"kernel_shape", window}, {"strides", window}})};
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
