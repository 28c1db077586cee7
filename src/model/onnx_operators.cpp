// ATen's operators in those of ONNX, opsets 13 to 17: one function each, and the table at the end.
#include "model/onnx_operators.h"

#include <algorithm>
#include <cmath>

#include "facerec/core/error.h"

namespace facerec {
namespace {

using namespace onnx_operators;

// ---- Element by element

template <size_t size>
struct TextArgument {
  constexpr TextArgument(const char (&literal)[size]) { std::copy_n(literal, size, text); }
  char text[size]{};
};

template <TextArgument type>
Names unary(Graph& graph, const Op& op) {
  return {graph.add(type.text, {input(graph, op)})};
}

std::string operand(Graph& graph, const Op& op, const char* name) {
  const RecordedArgument& argument = op.argument(name);
  if (const auto value = number(graph.recording(), argument)) return graph.scalar(*value);
  return graph.name(argument.values[0]);
}

std::string scaled_operand(Graph& graph, const Op& op, const char* name) {
  std::string x = operand(graph, op, name);
  return alpha(op) == 1 ? x : graph.add("Mul", {x, graph.scalar(alpha(op))});
}

Names add(Graph& graph, const Op& op) {
  return {graph.add("Add", {operand(graph, op, "self"), scaled_operand(graph, op, "other")})};
}

Names sub(Graph& graph, const Op& op) {
  return {graph.add("Sub", {operand(graph, op, "self"), scaled_operand(graph, op, "other")})};
}

Names rsub(Graph& graph, const Op& op) {
  return {graph.add("Sub", {operand(graph, op, "other"), scaled_operand(graph, op, "self")})};
}

Names mul(Graph& graph, const Op& op) {
  return {graph.add("Mul", {operand(graph, op, "self"), operand(graph, op, "other")})};
}

Names div(Graph& graph, const Op& op) {
  if (op.has("rounding_mode")) throw unsupported(op, "rounding_mode");
  return {graph.add("Div", {operand(graph, op, "self"), operand(graph, op, "other")})};
}

Names pow(Graph& graph, const Op& op) {
  return {graph.add("Pow", {operand(graph, op, "self"), operand(graph, op, "exponent")})};
}

std::string clip(Graph& graph, const std::string& x, const std::string& low, const std::string& high) {
  return graph.add("Clip", high.empty() ? Names{x, low} : Names{x, low, high});
}

Names clamp(Graph& graph, const Op& op) {
  auto bound = [&](const char* name) { return op.has(name) ? operand(graph, op, name) : std::string(); };
  const std::string low = bound("min");
  return {clip(graph, input(graph, op), low, op.name == "clamp_min" ? "" : bound("max"))};
}

Names hardtanh(Graph& graph, const Op& op) {
  const std::string low = operand(graph, op, "min_val");
  return {clip(graph, input(graph, op), low, operand(graph, op, "max_val"))};
}

Names relu6(Graph& graph, const Op& op) {
  const std::string low = graph.scalar(0);
  return {clip(graph, input(graph, op), low, graph.scalar(6))};
}

Names square(Graph& graph, const Op& op) {
  const std::string x = input(graph, op);
  return {graph.add("Mul", {x, x})};
}

Names leaky_relu(Graph& graph, const Op& op) {
  return {graph.add("LeakyRelu", {input(graph, op)}, {{"alpha", op.real("negative_slope")}})};
}

Names silu(Graph& graph, const Op& op) {
  const std::string x = input(graph, op);
  return {graph.add("Mul", {x, graph.add("Sigmoid", {x})})};
}

// clip(x/6 + 1/2, 0, 1), times x for hardswish
std::string hard_gate(Graph& graph, const Op& op) {
  return graph.add("HardSigmoid", {input(graph, op)}, {{"alpha", 1.0 / 6}, {"beta", 0.5}});
}

Names hardsigmoid(Graph& graph, const Op& op) { return {hard_gate(graph, op)}; }

Names hardswish(Graph& graph, const Op& op) { return {graph.add("Mul", {input(graph, op), hard_gate(graph, op)})}; }

// x/2 · (1 + erf(x/√2)), or with tanh(√(2/π)·(x + 0.044715·x³)) in its place
Names gelu(Graph& graph, const Op& op) {
  const std::string x = input(graph, op);
  std::string bend;
  if (op.argument("approximate").constant.toStringRef() == "tanh") {
    const std::string cube = graph.add("Mul", {graph.add("Mul", {x, x}), x});
    const std::string sum = graph.add("Add", {x, graph.add("Mul", {cube, graph.scalar(0.044715)})});
    bend = graph.add("Tanh", {graph.add("Mul", {sum, graph.scalar(std::sqrt(2 / M_PI))})});
  } else {
    bend = graph.add("Erf", {graph.add("Mul", {x, graph.scalar(std::sqrt(0.5))})});
  }
  const std::string gate = graph.add("Add", {bend, graph.scalar(1)});
  return {graph.add("Mul", {graph.add("Mul", {x, graph.scalar(0.5)}), gate})};
}

Names softmax(Graph& graph, const Op& op) {
  return {graph.add("Softmax", {input(graph, op)}, {{"axis", op.integer("dim")}})};
}

// ---- Sums over axes

Names mean(Graph& graph, const Op& op) {
  if (!op.has("dim")) throw unsupported(op, "no axes");
  return {graph.add("ReduceMean", {input(graph, op)},
                    {{"axes", op.integers("dim")}, {"keepdims", int64_t{op.flag("keepdim")}}})};
}

Names sum(Graph& graph, const Op& op) {
  if (!op.has("dim")) throw unsupported(op, "no axes");
  return {graph.add("ReduceSum", {input(graph, op), graph.integers(op.integers("dim"))},
                    {{"keepdims", int64_t{op.flag("keepdim")}}})};
}

Names norm(Graph& graph, const Op& op) {
  const char* order = op.name == "norm" ? "p" : "ord";
  if ((op.has(order) && op.real(order) != 2) || !op.has("dim")) throw unsupported(op, "another norm than L2 over axes");
  return {graph.add("ReduceL2", {input(graph, op)},
                    {{"axes", op.integers("dim")}, {"keepdims", int64_t{op.flag("keepdim")}}})};
}

// ---- Shapes

Names identity(Graph& graph, const Op& op) { return {graph.name(op.arguments[0].values.at(0))}; }

Names reshape(Graph& graph, const Op& op) {
  const Shape& shape = shape_of(graph, op.outputs[0]);
  if (std::count(shape.begin(), shape.end(), -1) > 1) throw unsupported(op, "two axes that grow with the batch");
  return {graph.add("Reshape", {input(graph, op), graph.integers(shape)})};
}

Names permute(Graph& graph, const Op& op) {
  return {graph.add("Transpose", {input(graph, op)}, {{"perm", order_of_axes(graph.recording(), op)}})};
}

// A class token, repeated for each image; or what is broadcast anyway.
Names expand(Graph& graph, const Op& op) {
  const Shape shape = expansion(graph.recording(), op);
  if (shape[0] != -1) return {graph.add("Expand", {input(graph, op), graph.integers(shape)})};
  const std::string batch =
      graph.add("Slice", {graph.add("Shape", {"input"}), graph.integers({0}), graph.integers({1})});
  const std::string whole =
      graph.add("Concat", {batch, graph.integers(Shape(shape.begin() + 1, shape.end()))}, {{"axis", int64_t{0}}});
  return {graph.add("Expand", {input(graph, op), whole})};
}

// In C++, a number divided by a tensor is empty_like, filled with the number, divided.
Names fill(Graph& graph, const Op& op) {
  const std::string value = op.name == "fill" ? operand(graph, op, "value") : graph.scalar(op.name == "ones_like");
  return {graph.add("Expand", {value, graph.add("Shape", {input(graph, op)})})};
}

std::string cut(Graph& graph, const std::string& x, int64_t dim, int64_t start, int64_t end, int64_t step = 1) {
  return graph.add("Slice",
                   {x, graph.integers({start}), graph.integers({end}), graph.integers({dim}), graph.integers({step})});
}

Names slice(Graph& graph, const Op& op) {
  const auto [dim, start, end, step] = sliced(graph.recording(), op);
  return {cut(graph, input(graph, op), dim, start, end, step)};
}

Names narrow(Graph& graph, const Op& op) {
  int64_t start = op.integer("start");
  const int64_t dim = axis(graph, op, op.integer("dim"));
  if (start < 0) start += shape_of(graph, op.tensor("self"))[static_cast<size_t>(dim)];
  return {cut(graph, input(graph, op), dim, start, start + op.integer("length"))};
}

std::string take(Graph& graph, const std::string& x, int64_t dim, int64_t index) {
  return graph.add("Gather", {x, graph.constant(torch::scalar_tensor(index, torch::kInt64))}, {{"axis", dim}});
}

Names select(Graph& graph, const Op& op) {
  return {take(graph, input(graph, op), axis(graph, op, op.integer("dim")), op.integer("index"))};
}

Names unbind(Graph& graph, const Op& op) {
  Names parts;
  const int64_t dim = axis(graph, op, op.integer("dim"));
  for (size_t i = 0; i < op.outputs.size(); ++i) {
    parts.push_back(take(graph, input(graph, op), dim, static_cast<int64_t>(i)));
  }
  return parts;
}

// chunk, split and tensor_split: the outputs say how long the parts are.
Names split(Graph& graph, const Op& op) {
  Names parts;
  const int64_t dim = axis(graph, op, op.integer("dim"));
  int64_t start = 0;
  for (const int output : op.outputs) {
    const int64_t length = shape_of(graph, output)[static_cast<size_t>(dim)];
    if (length < 0) throw unsupported(op, "parts that grow with the batch");
    parts.push_back(cut(graph, input(graph, op), dim, start, start + length));
    start += length;
  }
  return parts;
}

Names cat(Graph& graph, const Op& op) {
  Names inputs;
  for (const int value : op.argument("tensors").values) inputs.push_back(graph.name(value));
  return {graph.add("Concat", inputs, {{"axis", axis(graph, op, op.integer("dim"))}})};
}

Names pad(Graph& graph, const Op& op) {
  auto [pads, after, value] = margins(graph.recording(), op);
  pads.insert(pads.end(), after.begin(), after.end());
  const std::string x = input(graph, op), amounts = graph.integers(pads);
  return {graph.add("Pad", {x, amounts, graph.scalar(value)})};
}

struct Entry {
  const char* name;
  OnnxTranslator translate;
};

// Where a tensor comes and goes under another name, and where shapes change, what ATen was told does not matter.
const Entry translators[] = {
    {"_to_copy", identity},
    {"alias", identity},
    {"clone", identity},
    {"contiguous", identity},
    {"detach", identity},
    {"dropout", identity},
    {"feature_dropout", identity},
    {"lift_fresh", identity},
    {"to", identity},
    {"type_as", identity},
    {"_unsafe_view", reshape},
    {"flatten", reshape},
    {"reshape", reshape},
    {"squeeze", reshape},
    {"unflatten", reshape},
    {"unsqueeze", reshape},
    {"view", reshape},
    {"view_as", reshape},
    {"reshape_as", reshape},
    {"expand", expand},
    {"empty_like", fill},
    {"fill", fill},
    {"ones_like", fill},
    {"zeros_like", fill},
    {"expand_as", expand},
    {"permute", permute},
    {"transpose", permute},
    {"t", permute},
    {"slice", slice},
    {"narrow", narrow},
    {"select", select},
    {"unbind", unbind},
    {"chunk", split},
    {"split", split},
    {"split_with_sizes", split},
    {"cat", cat},
    {"pad", pad},
    {"constant_pad_nd", pad},
    {"conv2d", conv},
    {"convolution", conv},
    {"linear", linear},
    {"batch_norm", batch_norm},
    {"layer_norm", layer_norm},
    {"prelu", prelu},
    {"max_pool2d", max_pool},
    {"avg_pool2d", avg_pool},
    {"adaptive_avg_pool2d", adaptive_avg_pool},
    {"scaled_dot_product_attention", attention},
    {"matmul", matmul},
    {"bmm", matmul},
    {"relu", unary<"Relu">},
    {"sigmoid", unary<"Sigmoid">},
    {"tanh", unary<"Tanh">},
    {"sqrt", unary<"Sqrt">},
    {"exp", unary<"Exp">},
    {"neg", unary<"Neg">},
    {"abs", unary<"Abs">},
    {"erf", unary<"Erf">},
    {"reciprocal", unary<"Reciprocal">},
    {"relu6", relu6},
    {"hardtanh", hardtanh},
    {"clamp", clamp},
    {"clamp_min", clamp},
    {"leaky_relu", leaky_relu},
    {"silu", silu},
    {"hardsigmoid", hardsigmoid},
    {"hardswish", hardswish},
    {"gelu", gelu},
    {"softmax", softmax},
    {"square", square},
    {"add", add},
    {"sub", sub},
    {"rsub", rsub},
    {"mul", mul},
    {"div", div},
    {"pow", pow},
    {"mean", mean},
    {"sum", sum},
    {"norm", norm},
    {"linalg_vector_norm", norm},
};

}  // namespace

OnnxTranslator find_translator(const std::string& name) {
  const auto* found = std::find_if(std::begin(translators), std::end(translators),
                                   [&](const Entry& entry) { return name == entry.name; });
  return found == std::end(translators) ? nullptr : found->translate;
}

}  // namespace facerec
