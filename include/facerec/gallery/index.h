// An index for galleries of many millions: inverted lists (IVF; Sivic and Zisserman, 2003). The templates are parted by
// k-means into lists, and a search compares with the templates of those lists alone whose centres are nearest to the
// query. It can therefore miss what an exact search finds; how often is measured, not promised. It pays for few queries
// at a time: of many, each looks through its own lists, where the exact search reads the templates once for all.
//
// The file, little-endian; each part begins at a multiple of 64 bytes, and the file ends with the last. No templates
// are in it, but their 8-bit codes are: what removes people from a gallery removes its index.
//
//   header   "FRLISTS\0", u32 version (1), u32 dimension, u64 templates, u64 lists, u64 groups, u32 bytes of the key,
//            u32 CRC-32C of the header with this field 0 and of the key; the key, that of the matrix
//   centres  f32[lists × dimension], of unit length
//   ends     u64[lists]: the group after the last of each list
//   codes    u32[groups × 64] row numbers in the matrix, 4,294,967,295 where a list's last group is filled up; scales,
//            bounds and codes as in matrix.h
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "facerec/gallery/matrix.h"
#include "facerec/gallery/search.h"

namespace facerec {

struct IndexOptions {
  // 0: 4 √templates, as faiss's guidelines for indexes have it, but at least 39 templates a list.
  int64_t lists = 0;
  int threads = 0;
};

// Writes the index of `templates`, whole or not at all. k-means is faiss's, over a sample of 64 templates a list, and
// always the same for the same templates. Throws Error for an empty matrix, or one of more than 4,000,000,000
// templates.
void write_index(const fs::path& file, const TemplateMatrix& templates, const IndexOptions& options = {});

class TemplateIndex {
 public:
  // Maps the file; reads the centres of the lists. `templates` outlives the index. Throws Error when the file is no
  // index, damaged, of another version, or of other templates.
  TemplateIndex(const fs::path& file, const TemplateMatrix& templates);
  ~TemplateIndex();
  TemplateIndex(const TemplateIndex&) = delete;
  TemplateIndex& operator=(const TemplateIndex&) = delete;

  int64_t lists() const;
  // An eighth of the lists: of 200,000 random templates of 512, which have no clusters to part them by, that finds 91 %
  // of the best matches (tests/bench/search.cpp).
  int64_t default_probes() const;

  // As search() in search.h, among the templates of the `probes` lists (0: default_probes()) nearest to each query:
  // with all lists the results are equal. Fewer than k where these lists have fewer.
  std::vector<std::vector<Match>> search(std::span<const float> queries, int64_t n, int64_t k, int64_t probes = 0,
                                         int threads = 0) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What an index finds of what is there.
struct IndexRecall {
  int64_t queries = 0, k = 0, probes = 0;
  double at_1 = 0;                              // share of the queries whose best match is that of the exact search
  double at_k = 0;                              // share of the k best of the exact search that are found
  double exact_seconds = 0, index_seconds = 0;  // for all queries, together
};

// Measured with `queries` templates, drawn at random and moved at random to a cosine of 0.6, as further images of the
// same people would be.
IndexRecall measure_recall(const TemplateIndex& index, const TemplateMatrix& templates, int64_t queries, int64_t k,
                           int64_t probes = 0, int threads = 0);

}  // namespace facerec
