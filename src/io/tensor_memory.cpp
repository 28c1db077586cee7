#include "io/tensor_memory.h"

#include <algorithm>
#include <functional>

#include "facerec/core/error.h"

namespace facerec {
namespace {

uint64_t budget(uint64_t file_size) { return std::max(uint64_t{1} << 20, 2 * file_size); }

}  // namespace

TensorMemory::TensorMemory(const fs::path& path) : bytes_(map(path)), left_(budget(bytes_.size())) {}

TensorMemory::TensorMemory(std::span<const std::byte> bytes) : bytes_(bytes), left_(budget(bytes.size())) {}

std::span<const std::byte> TensorMemory::map(const fs::path& path) { return files_.emplace_back(path).bytes(); }

std::span<std::byte> TensorMemory::allocate(uint64_t size) {
  if (size > left_) throw Error("claims far more content than its size justifies");
  left_ -= size;
  owned_.push_back(std::make_unique_for_overwrite<std::byte[]>(size));
  return {owned_.back().get(), size};
}

void TensorMemory::drop_pages(std::span<const std::byte> part) const {
  const std::less<> before;
  for (const MappedFile& file : files_) {
    const std::span<const std::byte> all = file.bytes();
    const bool inside = !before(part.data(), all.data()) && !before(all.data() + all.size(), part.data());
    if (inside && !part.empty()) file.drop_pages(part);
  }
}

}  // namespace facerec
