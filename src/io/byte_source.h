// Bytes that are fetched piece by piece: a file that is cut off meanwhile is an Error, where a mapping of it would
// crash.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;  // what it was when the source was made
  // Fills `into` with the bytes from `offset` on, all of which lie within size(). Throws Error, naming the file.
  virtual void read(uint64_t offset, std::span<std::byte> into) const = 0;
};

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  void read(uint64_t offset, std::span<std::byte> into) const override {
    std::ranges::copy(bytes_.subspan(offset, into.size()), into.begin());
  }

 private:
  std::span<const std::byte> bytes_;
};

// For reads at any place, from any thread.
class FileSource : public ByteSource {
 public:
  explicit FileSource(fs::path path);  // throws Error
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  uint64_t size() const override { return size_; }
  void read(uint64_t offset, std::span<std::byte> into) const override;

 private:
  fs::path path_;
  int descriptor_;
  uint64_t size_ = 0;
};

// For many small reads that mostly go forward, from one thread: fetches ahead, the more the longer they do.
class ForwardSource : public ByteSource {
 public:
  explicit ForwardSource(const ByteSource& source) : source_(source) {}  // `source` outlives it
  uint64_t size() const override { return source_.size(); }
  void read(uint64_t offset, std::span<std::byte> into) const override;

 private:
  const ByteSource& source_;
  mutable std::vector<std::byte> window_;  // the bytes from begin_ on
  mutable uint64_t begin_ = 0;
};

}  // namespace facerec
