// Templates of a gallery as one mapped file: what a search reads. It is derived from the gallery's database and can
// always be made again.
//
// The file, little-endian; each part begins at a multiple of 64 bytes, and the file ends with the last:
//
//   header   "FRMATRIX", u32 version (1), u32 dimension, u64 size, u32 bytes of the key, u32 CRC-32C of the header with
//            this field 0 and of the key; the key
//   ids      i64[size], ascending
//   codes    the rows once more as 8-bit codes, 64 rows a group, the last filled up (src/gallery/codes.h):
//            f32[groups × 64] scales; f32[groups × 2] bounds; u8[groups × depth × 64], depth: the dimension rounded up
//            to a multiple of 64
//   rows     f32[size × dimension]
//
// 1,000,000 rows of 512 take 2.6 GB. Opening reads the header alone and checks the file's length against it. A search
// checks the rows that it answers with; other damage can hide a match, and crashes nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "facerec/core/error.h"
#include "facerec/core/files.h"

namespace facerec {

struct CodedRows;

// A matrix or an index whose content cannot be what was written: it is to be made again.
class DamagedTemplates : public Error {
 public:
  explicit DamagedTemplates(const std::string& what) : Error(what) {}
};

// Rows of unit length and the number of the person that each is of, in ascending order of the numbers.
class TemplateMatrix {
 public:
  // Maps the file; the time does not depend on its size. `memory`: bytes up to which a search leaves what it has read
  // in memory, for the next; of a larger file each search gives back what it has passed. 0: half of the machine's (of
  // the cgroup's, where that is less). Throws Error when it is no such file, truncated or of another version.
  explicit TemplateMatrix(const fs::path& file, uint64_t memory = 0);
  ~TemplateMatrix();
  TemplateMatrix(const TemplateMatrix&) = delete;
  TemplateMatrix& operator=(const TemplateMatrix&) = delete;

  const std::string& key() const;  // of what it was made from, as the writer gave it: the gallery and its generation
  int64_t size() const;
  int64_t dimension() const;
  std::span<const int64_t> ids() const;  // [size]
  std::span<const float> rows() const;   // [size, dimension]
  const CodedRows& codes() const;        // what a scan reads; see src/gallery/codes.h

  // Gives back the memory of these rows where the file is larger than `memory`; they are read anew when next used.
  void pass(int64_t first_row, int64_t rows) const;

 private:
  struct Mapping;
  std::unique_ptr<Mapping> mapping_;
};

// Within 1 %: the bounds of the search hold for vectors of about this length. False for NaN.
bool is_unit(std::span<const float> vector);

// Writes such a file row by row, whole or not at all, in memory that does not grow with the rows.
class TemplateMatrixWriter {
 public:
  // dimension: 1 … 65,536; key: at most 4,000 bytes. Throws Error when the file cannot be written.
  TemplateMatrixWriter(const fs::path& file, int64_t size, int64_t dimension, const std::string& key);
  ~TemplateMatrixWriter();
  // Throws Error for an id that is not above the one before, a row of another dimension or not of unit length (see
  // is_unit()), and one more than `size`.
  void add(int64_t id, std::span<const float> unit);
  void commit();  // throws Error when rows are missing

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace facerec
