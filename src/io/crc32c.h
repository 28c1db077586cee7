// CRC-32C (Castagnoli), the checksum of LevelDB's tables and of TensorFlow's checkpoints and records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace facerec {

// Of `bytes` that follow others with the checksum `before`.
uint32_t crc32c(std::span<const std::byte> bytes, uint32_t before = 0);

// As those formats store it, so that a checksum of data with checksums in it is still a good one.
inline uint32_t mask_crc32c(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U; }

}  // namespace facerec
