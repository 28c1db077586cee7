// Tensors in files of any format, as they lie there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

// Types are named as .safetensors spells them: "F32", "F64", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL", …
struct TensorView {
  std::string dtype;
  std::vector<int64_t> shape;         // [] is a scalar
  std::span<const std::byte> bytes;   // little-endian, aligned or not; row-major: product(shape) · size of dtype, else
                                      // up to the last element that the strides reach
  std::vector<int64_t> strides = {};  // in elements, never negative; empty: row-major
};

// Bytes per element of a dtype, or 0 for an unknown one.
size_t dtype_size(const std::string& dtype);

struct NamedTensor {
  std::string name;
  TensorView view;
};

using Metadata = std::map<std::string, std::string>;

// The tensors of one dictionary of a file.
struct TensorGroup {
  std::string path;                  // the keys that lead to it, joined by '.': "" for the file's top, "state_dict"
  std::vector<NamedTensor> tensors;  // in the order of the file
};

class TensorMemory;

// An opened file of tensors. Copies share the memory that the views show.
struct TensorFile {
  fs::path path;
  std::string format;               // safetensors | pytorch | pytorch_legacy | torchscript | keras_h5 | tensorflow | numpy
  std::vector<TensorGroup> groups;  // those with tensors; the one at the top first, else as they stand in the file
  Metadata metadata;  // of .safetensors; of PyTorch the numbers and texts beside the tensors ("epoch": "3")
  std::shared_ptr<const TensorMemory> memory;
};

// Opens by content, not by name. Nothing in the file is executed; sizes, offsets and counts are checked before they are
// used; what can be mapped is not copied. Throws Error naming the file, what is wrong in it and, where a remedy is
// known (an HTML page, a Git LFS pointer, a TensorFlow checkpoint), the remedy.
TensorFile open_tensor_file(const fs::path& path);

// Tells the system that the bytes of `view` are not needed for now: a mapped file then takes no memory for them.
void drop_pages(const TensorFile& file, const TensorView& view);

}  // namespace facerec
