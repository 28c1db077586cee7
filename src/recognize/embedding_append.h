// What is read of a finished file of embeddings that more is to be added to.
#pragma once

#include "core/texts.h"
#include "recognize/embedding_writer.h"

namespace facerec {

// Many names, compactly.
class NameSet {
 public:
  void add(std::string_view name) { names_.add(name); }
  void sort();  // before contains()
  bool contains(std::string_view name) const;
  size_t size() const { return names_.size(); }

 private:
  Texts names_;
  std::vector<uint32_t> order_;
};

// The names of the rows of `out`. Throws Error when there are not `rows` of them.
NameSet names_of_rows(const EmbeddingShape& shape, const fs::path& out, int64_t rows);

// Copies of `out` and what is beside it as a writer of `file` goes on from them, and their sizes, the list of skipped
// images last. Throws Error when they are not as a writer left them.
std::vector<uint64_t> copy_rows(const EmbeddingShape& shape, const fs::path& out, int64_t rows, const fs::path& file);

}  // namespace facerec
