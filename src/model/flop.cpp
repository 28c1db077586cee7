#include "model/flop.h"

#include <algorithm>
#include <cstdlib>

#include "model/recording.h"

namespace facerec {
namespace {

// Of one image: the batch counts as 1.
double elements_of(const std::vector<int64_t>& shape) {
  double count = 1;
  for (const int64_t size : shape) count *= static_cast<double>(std::abs(size));
  return count;
}

// Products that one element of the output sums up; 0 for operators without any.
double products_per_element(const Recording& recording, const RecordedOperator& op) {
  auto shape_of = [&](const char* argument) { return recording.value(op.tensor(argument)).shape; };
  if (op.name == "conv2d") {
    const auto weight = shape_of("weight");
    return elements_of({weight.begin() + 1, weight.end()});
  }
  if (op.name == "linear") return static_cast<double>(shape_of("weight").back());
  if (op.name == "matmul") return static_cast<double>(shape_of("self").back());
  return 0;
}

}  // namespace

double forward_flop(Backbone& backbone) {
  const Recording recording = record(backbone);
  double flop = 0;
  for (const RecordedOperator& op : recording.operators) {
    const double products = products_per_element(recording, op);
    if (products > 0) flop += 2 * products * elements_of(recording.value(op.outputs.front()).shape);
  }
  return flop;
}

}  // namespace facerec
