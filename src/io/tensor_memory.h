// The bytes behind an opened tensor file: the file and those beside it, mapped, and what had to be unpacked from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

class TensorMemory {
 public:
  explicit TensorMemory(const fs::path& path);              // maps the file
  explicit TensorMemory(std::span<const std::byte> bytes);  // shows bytes that the caller keeps

  std::span<const std::byte> bytes() const { return bytes_; }

  // Maps one more file, of a format that keeps its tensors in several.
  std::span<const std::byte> map(const fs::path& path);

  // Memory for `size` unpacked bytes. Throws Error beyond max(1 MiB, 2 · file) in all, so that a small file cannot
  // claim a large memory.
  std::span<std::byte> allocate(uint64_t size);

  // No effect on what is not mapped.
  void drop_pages(std::span<const std::byte> part) const;

 private:
  std::deque<MappedFile> files_;
  std::span<const std::byte> bytes_;
  std::vector<std::unique_ptr<std::byte[]>> owned_;
  uint64_t left_;
};

}  // namespace facerec
