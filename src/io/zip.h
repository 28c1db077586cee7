// A strict reader of zip archives over mapped bytes (APPNOTE.TXT 6.3.10): stored and deflated entries, zip64.
//
// Refused: encryption, several disks, names that repeat or lead out of the archive, entries that overlap, headers that
// do not agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "io/tensor_memory.h"

namespace facerec {

constexpr uint64_t zip_local_size = 30;  // of a local header, before its name

struct ZipEntry {
  std::string_view name;
  uint64_t header;  // offset of the local header
  uint64_t offset;  // of the content
  uint64_t packed;  // bytes in the archive
  uint64_t size;    // bytes of the content
  uint32_t crc;
  bool deflated;
};

class ZipArchive {
 public:
  // Checks the directory and every local header. Throws Error. `memory` must outlive the archive.
  explicit ZipArchive(TensorMemory& memory);

  std::span<const ZipEntry> entries() const { return entries_; }  // sorted by name
  const ZipEntry* find(std::string_view name) const;              // null when there is none

  // The content, a part of the mapping when it is stored. Throws Error when its CRC is wrong.
  std::span<const std::byte> read(const ZipEntry& entry) const;

 private:
  TensorMemory& memory_;
  std::vector<ZipEntry> entries_;
};

}  // namespace facerec
