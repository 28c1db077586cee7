#include "recognize/embedding_writer.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/io/csv.h"
#include "facerec/io/safetensors.h"
#include "io/npy.h"

namespace facerec {
namespace {

constexpr const char* float32 = "<f4";

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// Floats as they are in memory, and the names a line each in a file of their own.
class BinaryWriter : public EmbeddingWriter {
 public:
  BinaryWriter(const fs::path& file, const char* norms, GrowingFiles& files)
      : rows_(files.open(file)),
        norms_(files.open(file.string() + norms)),
        names_(files.open(file.string() + names_suffix)) {}

  std::string fault_of(std::string_view name) const override {
    const bool is_line = name.find_first_of("\n\r") == std::string_view::npos;
    return is_line ? "" : "its name has a line break in it, which a list of names a line each cannot hold";
  }

  void add(const EmbeddingRow& row) override {
    rows_.write(std::as_bytes(row.values));
    norms_.write(std::as_bytes(std::span(&row.norm, 1)));
    names_.write(row.name);
    names_.write("\n");
  }

 protected:
  GrowingFile &rows_, &norms_, &names_;
};

class NpyWriter final : public BinaryWriter {
 public:
  NpyWriter(const EmbeddingShape& shape, const fs::path& file, GrowingFiles& files)
      : BinaryWriter(file, norms_suffix, files), dimension_(shape.dimension) {
    if (rows_.size() == 0) rows_.write(npy_header(float32, {0, dimension_}));
    if (norms_.size() == 0) norms_.write(npy_header(float32, {0}));
  }

  void finish(int64_t rows) override {
    rows_.overwrite(0, bytes_of(npy_header(float32, {rows, dimension_})));
    norms_.overwrite(0, bytes_of(npy_header(float32, {rows})));
  }

 private:
  int64_t dimension_;
};

std::string tensors_header(const EmbeddingShape& shape, int64_t rows, size_t length) {
  const uint64_t row = static_cast<uint64_t>(shape.dimension) * sizeof(float);
  const uint64_t middle = static_cast<uint64_t>(rows) * row, end = middle + static_cast<uint64_t>(rows) * sizeof(float);
  const TensorPlace places[] = {{"embeddings", "F32", {rows, shape.dimension}, 0, middle},
                                {"norms", "F32", {rows}, middle, end}};
  return safetensors_header(places, shape.metadata, length);
}

// Norms wait in a file of their own until all embeddings are there.
class TensorWriter final : public BinaryWriter {
 public:
  TensorWriter(const EmbeddingShape& shape, const fs::path& file, GrowingFiles& files)
      : BinaryWriter(file, waiting_norms_suffix, files),
        shape_(shape),
        waiting_(file.string() + waiting_norms_suffix + ".part"),
        length_(tensors_header(shape, most_rows, 0).size() - sizeof(uint64_t)) {
    if (rows_.size() == 0) rows_.write(tensors_header(shape_, 0, length_));
  }

  void finish(int64_t rows) override {
    norms_.sync();
    rows_.write(MappedFile(waiting_).bytes());
    rows_.overwrite(0, bytes_of(tensors_header(shape_, rows, length_)));
  }

 private:
  static constexpr int64_t most_rows = int64_t{1} << 40;  // that the header has room for

  EmbeddingShape shape_;
  fs::path waiting_;
  size_t length_;
};

void append_numbers(std::string& text, std::span<const float> values) {
  for (const float value : values) fmt::format_to(std::back_inserter(text), ",{}", value);
}

class CsvWriter final : public EmbeddingWriter {
 public:
  CsvWriter(const EmbeddingShape& shape, const fs::path& file, GrowingFiles& files) : rows_(files.open(file)) {
    if (rows_.size() > 0) return;
    std::string columns = "name,norm";
    for (int64_t i = 0; i < shape.dimension; ++i) columns += fmt::format(",e{}", i);
    rows_.write(columns + "\n");
  }

  std::string fault_of(std::string_view) const override { return ""; }

  void add(const EmbeddingRow& row) override {
    std::string line = csv_field(row.name);
    append_numbers(line, {&row.norm, 1});
    append_numbers(line, row.values);
    rows_.write(line + "\n");
  }

  void finish(int64_t) override {}

 private:
  GrowingFile& rows_;
};

class JsonWriter final : public EmbeddingWriter {
 public:
  JsonWriter(const fs::path& file, GrowingFiles& files) : rows_(files.open(file)) {}

  std::string fault_of(std::string_view name) const override {
    return is_utf8(name) ? "" : "its name is not UTF-8, and JSON holds nothing else";
  }

  void add(const EmbeddingRow& row) override {
    nlohmann::ordered_json told{{"name", row.name}};
    if (!row.label.empty()) told["label"] = row.label;
    std::string line = to_json_text(told), numbers;
    line.pop_back();  // the brace
    append_numbers(numbers, row.values);
    rows_.write(fmt::format("{},\"norm\":{},\"embedding\":[{}]}}\n", line, row.norm, numbers.substr(1)));
  }

  void finish(int64_t) override {}

 private:
  GrowingFile& rows_;
};

}  // namespace

GrowingFile& GrowingFiles::open(const fs::path& file) {
  const size_t number = files_.size();
  files_.push_back(std::make_unique<GrowingFile>(file, number < kept_.size() ? kept_[number] : 0));
  return *files_.back();
}

std::vector<uint64_t> GrowingFiles::sync() {
  std::vector<uint64_t> sizes;
  for (const auto& file : files_) {
    file->sync();
    sizes.push_back(file->size());
  }
  return sizes;
}

std::string embedding_format(const fs::path& out) {
  for (const char* format : {"npy", "safetensors", "csv", "jsonl"}) {
    if (out.extension() == "." + std::string(format)) return format;
  }
  throw Error::usage("its name does not tell which form is to be written")
      .file(text_of(out))
      .hint("let it end in .npy, .safetensors, .csv or .jsonl");
}

std::vector<std::string> embedding_suffixes(const std::string& format) {
  if (format == "npy") return {names_suffix, norms_suffix, ""};
  if (format == "safetensors") return {names_suffix, ""};
  return {""};
}

std::unique_ptr<EmbeddingWriter> open_embedding_writer(const EmbeddingShape& shape, const fs::path& file,
                                                       GrowingFiles& files) {
  if (shape.format == "npy") return std::make_unique<NpyWriter>(shape, file, files);
  if (shape.format == "safetensors") return std::make_unique<TensorWriter>(shape, file, files);
  if (shape.format == "csv") return std::make_unique<CsvWriter>(shape, file, files);
  return std::make_unique<JsonWriter>(file, files);
}

}  // namespace facerec
