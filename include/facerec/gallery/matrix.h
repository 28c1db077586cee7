// Templates of a gallery as one mapped file: what a search reads. It is derived from the gallery's database and can
// always be made again.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "facerec/core/files.h"

namespace facerec {

// Rows of unit length and the number of the person that each is of, in ascending order of the numbers.
class TemplateMatrix {
 public:
  // Maps the file; the time does not depend on its size. Throws Error when it is none, truncated or of another version.
  explicit TemplateMatrix(const fs::path& file);
  ~TemplateMatrix();
  TemplateMatrix(const TemplateMatrix&) = delete;
  TemplateMatrix& operator=(const TemplateMatrix&) = delete;

  const std::string& key() const;  // of what it was made from, as the writer gave it: the gallery and its generation
  int64_t size() const;
  int64_t dimension() const;
  std::span<const int64_t> ids() const;  // [size]
  std::span<const float> rows() const;   // [size, dimension]

 private:
  struct Mapping;
  std::unique_ptr<Mapping> mapping_;
  friend class Searcher;
};

// Writes such a file row by row, whole or not at all, in memory that does not grow with the rows.
class TemplateMatrixWriter {
 public:
  TemplateMatrixWriter(const fs::path& file, int64_t size, int64_t dimension, const std::string& key);
  ~TemplateMatrixWriter();
  void add(int64_t id, std::span<const float> unit);  // ids ascend; throws Error for one that does not
  void commit();                                      // throws Error when rows are missing

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace facerec
