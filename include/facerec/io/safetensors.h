// Reading and writing .safetensors, the project's own model format.
//
// Layout: u64 little-endian header length, JSON header {name: {dtype, shape, data_offsets: [begin, end]},
// "__metadata__": {string: string}}, then the tensors' bytes. (github.com/huggingface/safetensors)
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/io/tensor_file.h"

namespace facerec {

// A mapped file. Opening checks everything that the format promises: header length (at most 100 MB) and JSON, known
// dtypes, no duplicate name, shapes that fit their byte ranges, ranges that tile the buffer without holes or overlaps.
// Throws Error naming the file. Nothing is copied: the views live as long as this object.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const fs::path& path);
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const Metadata& metadata() const { return metadata_; }
  const TensorView& at(const std::string& name) const;  // throws Error naming the file when there is none
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  MappedFile file_;
  std::map<std::string, TensorView> tensors_;
  Metadata metadata_;
};

struct TensorPlace {
  std::string name, dtype;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;  // behind the header
};

// What a file begins with, its 8 bytes of length included. The JSON is padded with spaces to `length` bytes or the next
// multiple of 8: a header that is to be written again has room for what it will say then.
std::string safetensors_header(std::span<const TensorPlace> places, const Metadata& metadata, size_t length = 0);

// Writes whole or not at all. Tensors are laid out by descending alignment and then in the order given, so that a
// reader may map them. Throws Error when names repeat or a view's size does not fit its shape.
void write_safetensors(const fs::path& path, std::span<const NamedTensor> tensors, const Metadata& metadata = {});

}  // namespace facerec
