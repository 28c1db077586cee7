// Writing zip archives of stored entries.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "facerec/core/files.h"

namespace facerec {

struct ZipRecord {
  std::string name;
  std::span<const std::byte> content;
};

// Contents begin at multiples of 64 bytes; zip64 where sizes, offsets or the number of records need it. Whole or
// absent.
void write_zip(const fs::path& path, std::span<const ZipRecord> records);

}  // namespace facerec
