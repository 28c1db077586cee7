// Embeddings on their way into files, in the forms that facerec/recognize/embedding_file.h tells of.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/io/tensor_file.h"

namespace facerec {

// Files that grow together.
class GrowingFiles {
 public:
  // `sizes`: as sync() told them, of the files in the order in which they are opened; empty: all from their start.
  explicit GrowingFiles(std::vector<uint64_t> sizes) : kept_(std::move(sizes)) {}
  GrowingFile& open(const fs::path& file);
  std::vector<uint64_t> sync();

 private:
  std::vector<uint64_t> kept_;
  std::vector<std::unique_ptr<GrowingFile>> files_;
};

struct EmbeddingShape {
  std::string format;      // npy, safetensors, csv, jsonl
  int64_t dimension = 0;   // of a row
  Metadata metadata = {};  // of safetensors
};

// The format that the name of an output asks for; throws a usage Error for one that is not written.
std::string embedding_format(const fs::path& out);

// What such an output has beside it, as suffixes of its name; the last is "", its own.
std::vector<std::string> embedding_suffixes(const std::string& format);
inline constexpr const char* names_suffix = ".names.txt";
inline constexpr const char* norms_suffix = ".norms.npy";
inline constexpr const char* skipped_suffix = ".skipped.jsonl";
inline constexpr const char* waiting_norms_suffix = ".norms";  // of safetensors, while it grows

struct EmbeddingRow {
  std::string_view name, label;  // label "": none
  float norm = 0;
  std::span<const float> values = {};
};

class EmbeddingWriter {
 public:
  virtual ~EmbeddingWriter() = default;
  virtual std::string fault_of(std::string_view name) const = 0;  // why the file cannot hold it; "": it can
  virtual void add(const EmbeddingRow& row) = 0;
  virtual void finish(int64_t rows) = 0;  // writes what tells of all rows
};

// `file`: the place and name of the output while it grows; its suffixes are opened among `files`, which must live
// longer.
std::unique_ptr<EmbeddingWriter> open_embedding_writer(const EmbeddingShape& shape, const fs::path& file,
                                                       GrowingFiles& files);

}  // namespace facerec
