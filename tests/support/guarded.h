// Bytes whose end is the end of readable memory: a read past it faults, also in libraries without a sanitizer.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <new>
#include <span>

namespace facerec::test {

class GuardedBytes {
 public:
  explicit GuardedBytes(std::span<const std::byte> bytes) {
    const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    const size_t readable = (bytes.size() + page - 1) / page * page;
    size_ = readable + page;
    memory_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    auto* start = static_cast<std::byte*>(memory_) + (readable - bytes.size());
    if (!bytes.empty()) std::memcpy(start, bytes.data(), bytes.size());
    ::mprotect(static_cast<std::byte*>(memory_) + readable, page, PROT_NONE);
    bytes_ = {start, bytes.size()};
  }
  ~GuardedBytes() { ::munmap(memory_, size_); }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  void* memory_;
  size_t size_;
  std::span<const std::byte> bytes_;
};

}  // namespace facerec::test
