#include "io/numpy_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "io/npy.h"
#include "io/numpy_pickle.h"

namespace facerec {
namespace {

// The arrays of a dictionary of weights are a pickle of arrays, inside an array of one object.
constexpr auto objects = "O8";

std::string_view element_type(const pickle::NumpyArray& array) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> types{
      {{"f4", "F32"}, {"f8", "F64"}, {"f2", "F16"}}};
  for (const auto& [numpy, name] : types) {
    if (array.dtype.ends_with(numpy) && array.order != ">" && !array.dtype.starts_with('>')) return name;
  }
  return "";
}

std::vector<int64_t> fortran_strides(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides;
  int64_t stride = 1;
  for (const int64_t extent : shape) {
    strides.push_back(stride);
    stride *= extent;
  }
  return strides;
}

TensorView view_of(const pickle::NumpyArray& array, const std::string& name, TensorMemory& memory) {
  TensorView view{std::string(element_type(array)), array.shape, {}, {}};
  if (view.dtype.empty()) throw Error(fmt::format("has '{}' as an array of '{}', not of numbers", name, array.dtype));
  const std::optional<uint64_t> count = pickle::elements_of(array.shape);
  if (!count || *count > array.length || *count * dtype_size(view.dtype) != array.length) {
    throw Error(fmt::format("has '{}' as an array whose shape does not fit its {} bytes", name, array.length));
  }
  if (array.fortran_order && *count > 0) view.strides = fortran_strides(array.shape);
  const std::vector<std::byte> plain = pickle::bytes_of(array.data);
  const std::span<std::byte> kept = memory.allocate(plain.size());
  std::copy(plain.begin(), plain.end(), kept.begin());
  view.bytes = kept;
  return view;
}

}  // namespace

void read_numpy_weights(TensorMemory& memory, TensorFile& out) {
  const std::span<const std::byte> pickled = object_of_npy(memory.bytes());
  const Error none = Error("is a NumPy array, not a dictionary of weights")
                         .hint("models are read from .safetensors, .pth and .onnx files");
  if (pickled.empty()) throw none;
  const pickle::Tree tree = pickle::read(pickled, pickle::numpy_callables);
  pickle::NumpyValues values(tree, 16 * pickled.size());
  // The state of the outer array: version, shape, dtype, order, and a list of its one object.
  const std::vector<pickle::Id>& state = tree[tree[tree.root()].state].items;
  if (state.size() != 5 || values.dtype(tree[state[2]]) != objects || tree[state[4]].items.size() != 1) throw none;
  const pickle::Value& weights = tree[tree[state[4]].items.front()];
  if (weights.kind != pickle::Kind::dict) throw none;
  out.format = "numpy";
  TensorGroup group;
  for (size_t i = 0; i + 1 < weights.items.size(); i += 2) {
    const pickle::Value &key = tree[weights.items[i]], &value = tree[weights.items[i + 1]];
    const std::string name = printable(key.text);
    const std::optional<pickle::NumpyArray> array = values.array(value);
    if (!array) throw Error(fmt::format("has '{}' as something other than an array", name));
    group.tensors.push_back({name, view_of(*array, name, memory)});
  }
  if (group.tensors.empty()) throw none;
  out.groups.push_back(std::move(group));
}

}  // namespace facerec
