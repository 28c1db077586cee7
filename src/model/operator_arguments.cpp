#include "model/operator_arguments.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace facerec {
namespace {

const Shape& shape_of(const Recording& recording, int value) { return recording.value(value).shape; }

// ATen's "same": what is odd goes to the end.
void pad_to_same(SlidingWindow& window) {
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    const int64_t total = (window.kernel[i] - 1) * window.dilation[i];
    window.before.push_back(total / 2);
    window.after.push_back(total - total / 2);
  }
}

}  // namespace

int64_t axis(const Recording& recording, const RecordedOperator& op, int64_t dim) {
  const size_t rank = shape_of(recording, op.arguments[0].values.at(0)).size();
  return dim < 0 ? dim + static_cast<int64_t>(rank) : dim;
}

Shape sides(const RecordedOperator& op, const char* name, size_t count) {
  Shape values = op.integers(name);
  if (values.size() == 1) values.resize(count, values[0]);
  return values;
}

SlidingWindow convolution_window(const Recording& recording, const RecordedOperator& op) {
  if (op.has("transposed") && op.flag("transposed")) throw unsupported(op, "transposed=true");
  const Shape& weight = shape_of(recording, op.tensor("weight"));
  SlidingWindow window;
  window.kernel.assign(weight.begin() + 2, weight.end());
  const size_t axes = window.kernel.size();
  window.stride = sides(op, "stride", axes);
  window.dilation = sides(op, "dilation", axes);
  const c10::IValue& padding = op.argument("padding").constant;
  if (!padding.isString()) {
    window.before = window.after = sides(op, "padding", axes);
  } else if (padding.toStringRef() == "valid") {
    window.before = window.after = Shape(axes, 0);
  } else {
    pad_to_same(window);
  }
  return window;
}

SlidingWindow pooling_window(const RecordedOperator& op) {
  SlidingWindow window{.kernel = sides(op, "kernel_size"), .stride = {}, .dilation = {1, 1}, .before = {}, .after = {}};
  window.stride = op.integers("stride").empty() ? window.kernel : sides(op, "stride");
  if (op.has("dilation")) window.dilation = sides(op, "dilation");
  window.before = window.after = sides(op, "padding");
  return window;
}

SlidingWindow adaptive_window(const Recording& recording, const RecordedOperator& op) {
  const Shape& image = shape_of(recording, op.tensor("self"));
  const Shape out = sides(op, "output_size");
  SlidingWindow window{.kernel = {}, .stride = {}, .dilation = {1, 1}, .before = {0, 0}, .after = {0, 0}};
  for (size_t i = 0; i < 2; ++i) {
    const int64_t side = image[image.size() - 2 + i];
    if (side % out[i] != 0) throw unsupported(op, "windows of unequal size");
    window.kernel.push_back(side / out[i]);
  }
  window.stride = window.kernel;
  return window;
}

Shape order_of_axes(const Recording& recording, const RecordedOperator& op) {
  if (op.name == "permute") {
    Shape order = op.integers("dims");
    for (int64_t& dim : order) dim = axis(recording, op, dim);
    return order;
  }
  Shape order(shape_of(recording, op.tensor("self")).size());
  std::iota(order.begin(), order.end(), 0);
  const bool named = op.name == "transpose";  // else t, of a matrix
  std::swap(order[static_cast<size_t>(named ? axis(recording, op, op.integer("dim0")) : 0)],
            order[static_cast<size_t>(named ? axis(recording, op, op.integer("dim1")) : 1)]);
  return order;
}

Shape expansion(const Recording& recording, const RecordedOperator& op) {
  const Shape &from = shape_of(recording, op.tensor("self")), &to = shape_of(recording, op.outputs[0]);
  Shape shape = to;
  const size_t more = to.size() - from.size();
  for (size_t i = more; i < to.size(); ++i) {
    if (from[i - more] == to[i]) shape[i] = 1;
  }
  if (std::find(shape.begin() + 1, shape.end(), -1) != shape.end()) throw unsupported(op, "the batch on a later axis");
  return shape;
}

// ATen lists (before, after) from the last axis on.
Margins margins(const Recording& recording, const RecordedOperator& op) {
  if (op.name == "pad" && op.argument("mode").constant.toStringRef() != "constant") throw unsupported(op, "this mode");
  const Shape given = op.integers("pad");
  const size_t rank = shape_of(recording, op.tensor("self")).size();
  Margins margins{Shape(rank, 0), Shape(rank, 0), op.has("value") ? op.real("value") : 0};
  for (size_t i = 0; i < given.size() / 2; ++i) {
    margins.before[rank - 1 - i] = given[2 * i];
    margins.after[rank - 1 - i] = given[2 * i + 1];
  }
  return margins;
}

Range sliced(const Recording& recording, const RecordedOperator& op) {
  return {.dim = axis(recording, op, op.integer("dim")),
          .start = op.has("start") ? op.integer("start") : 0,
          .end = op.has("end") ? op.integer("end") : std::numeric_limits<int64_t>::max(),
          .step = op.integer("step")};
}

double alpha(const RecordedOperator& op) { return op.has("alpha") ? op.real("alpha") : 1; }

std::optional<double> number(const Recording& recording, const RecordedArgument& argument) {
  if (argument.values.empty()) return argument.constant.toScalar().toDouble();
  const RecordedValue& value = recording.value(argument.values[0]);
  if (value.constant.defined() && value.shape.empty()) return value.constant.item<double>();
  return std::nullopt;
}

}  // namespace facerec
