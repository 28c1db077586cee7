#include "model/bytes.h"

#include <cstring>
#include <utility>

#include "facerec/core/error.h"

namespace facerec {
namespace {

constexpr std::pair<const char*, torch::ScalarType> dtypes[] = {
    {"F64", torch::kFloat64}, {"F32", torch::kFloat32}, {"F16", torch::kFloat16}, {"BF16", torch::kBFloat16},
    {"I64", torch::kInt64},   {"I32", torch::kInt32},   {"I16", torch::kInt16},   {"I8", torch::kInt8},
    {"U8", torch::kUInt8},    {"BOOL", torch::kBool},
};

}  // namespace

std::string dtype_name(torch::ScalarType type) {
  for (const auto& [name, known] : dtypes) {
    if (known == type) return name;
  }
  return "";
}

bool is_float(const std::string& dtype) {
  return dtype == "F64" || dtype == "F32" || dtype == "F16" || dtype == "BF16";
}

torch::Tensor row_major(const torch::Tensor& tensor) { return tensor.detach().to(torch::kCPU).contiguous(); }

TensorView view_of(const torch::Tensor& tensor) {
  return {.dtype = dtype_name(tensor.scalar_type()),
          .shape = tensor.sizes().vec(),
          .bytes = {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()}};
}

torch::Tensor tensor_of(const TensorView& view) {
  for (const auto& [name, type] : dtypes) {
    if (view.dtype != name) continue;
    // Bytes of a file may hold more than 0 and 1, which a bool must not: they are read as numbers.
    const torch::ScalarType stored = type == torch::kBool ? torch::kUInt8 : type;
    if (view.bytes.empty()) return torch::empty(view.shape, type);
    auto* data = const_cast<std::byte*>(view.bytes.data());
    const auto size = static_cast<int64_t>(dtype_size(view.dtype));
    torch::Tensor elements;
    if (reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(size) == 0) {
      elements = torch::from_blob(data, {static_cast<int64_t>(view.bytes.size()) / size}, stored);
    } else {
      elements = torch::empty({static_cast<int64_t>(view.bytes.size()) / size}, stored);
      std::memcpy(elements.mutable_data_ptr(), data, view.bytes.size());
    }
    const torch::Tensor shaped =
        view.strides.empty() ? elements.view(view.shape) : elements.as_strided(view.shape, view.strides);
    return shaped.to(type);
  }
  throw Error("tensors of type " + view.dtype + " are not supported");
}

std::string shape_text(torch::IntArrayRef shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

}  // namespace facerec
