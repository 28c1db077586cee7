// What PyTorch means by the values of a pickle that make a tensor.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "facerec/io/tensor_file.h"
#include "io/pickle.h"

namespace facerec {

// A storage as a persistent id declares it.
struct TorchStorage {
  std::string_view key;
  std::string_view dtype;     // "" when untyped: then an element is a byte
  uint64_t element_size = 1;  // bytes
  uint64_t count = 0;         // elements of the whole storage
  uint64_t view_offset = 0;   // the part that is meant, in elements
  uint64_t view_count = 0;
};

// Throws Error when the persistent id is not that of a storage, or claims an impossible size.
TorchStorage torch_storage(const pickle::Tree& tree, pickle::Id persistent);

// The bytes of a whole storage: count · element_size of them. Throws Error.
using TorchStorageReader = std::function<std::span<const std::byte>(const TorchStorage&)>;

// The calls that make tensors, or wrap one that they have as their first argument.
std::span<const std::string_view> torch_tensor_callables();

// The call that makes the tensor `id`, below any Parameter around it; null when `id` is no tensor.
const pickle::Value* torch_tensor_call(const pickle::Tree& tree, pickle::Id id);

// What that call makes. `largest` bounds the bytes of all elements, however often strides of 0 repeat them. Throws
// Error, with `name`, when it is damaged or reaches beyond its storage.
TensorView torch_view(const pickle::Tree& tree, const pickle::Value& call, const TorchStorageReader& read,
                      uint64_t largest, std::string_view name);

// The text of a str, or of a str of Python 2 that is UTF-8.
std::optional<std::string_view> text_of(const pickle::Value& value);

}  // namespace facerec
