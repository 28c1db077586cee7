// What the arguments of ATen's operators mean, for every kind of graph that a recording is translated to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "facerec/core/error.h"
#include "model/recording.h"

namespace facerec {

using Shape = std::vector<int64_t>;

inline Error unsupported(const RecordedOperator& op, const std::string& what) {
  return Error("the operator " + op.name + " has no translation with " + what);
}

// From the front, however it was counted.
int64_t axis(const Recording& recording, const RecordedOperator& op, int64_t dim);

// [2,2] for "2": ATen takes one number for all sides.
Shape sides(const RecordedOperator& op, const char* name, size_t count = 2);

// What slides over an image, a number for each of its axes.
struct SlidingWindow {
  Shape kernel, stride, dilation;
  Shape before, after;  // padding
};

// Each throws an Error for what it cannot express.
SlidingWindow convolution_window(const Recording& recording, const RecordedOperator& op);
SlidingWindow pooling_window(const RecordedOperator& op);
SlidingWindow adaptive_window(const Recording& recording, const RecordedOperator& op);

// Of permute, transpose and t: the axis of the input that becomes each of the output's.
Shape order_of_axes(const Recording& recording, const RecordedOperator& op);

// Of expand and expand_as: what to broadcast to. 1 leaves an axis as it is; only the first may be −1, the batch.
Shape expansion(const Recording& recording, const RecordedOperator& op);

// Of pad and constant_pad_nd, from the first axis on.
struct Margins {
  Shape before, after;
  double value = 0;
};
Margins margins(const Recording& recording, const RecordedOperator& op);

struct Range {
  int64_t dim, start, end, step;
};
Range sliced(const Recording& recording, const RecordedOperator& op);  // of slice

// Of an addition or a subtraction: what `other` is multiplied with.
double alpha(const RecordedOperator& op);

// A number that stands for a tensor: an argument that is none, or one that C++ wrapped in a tensor, of type double or
// int64. nullopt for any other.
std::optional<double> number(const Recording& recording, const RecordedArgument& argument);

}  // namespace facerec
