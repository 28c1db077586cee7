#include "recognize/embedding_append.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "facerec/core/error.h"
#include "facerec/io/safetensors.h"
#include "facerec/io/csv.h"
#include "io/npy.h"

namespace facerec {
namespace {

Error not_as_written(const fs::path& file) {
  return Error("is not as it was written: its rows do not fit the summary beside it")
      .file(text_of(file))
      .hint("--force begins anew");
}

std::string_view text_in(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

template <class Take>
void for_each_line(std::string_view text, const Take& take) {
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    take(text.substr(begin, end - begin));
  }
}

// Under the name that GrowingFile gives it while it grows.
void copy_part(const fs::path& from, const fs::path& to) {
  std::error_code code;
  fs::copy_file(from, to.string() + ".part", fs::copy_options::overwrite_existing, code);
  if (code) throw Error("cannot be copied: " + code.message()).file(text_of(from));
}

uint64_t copy_tensors(const EmbeddingShape& shape, const fs::path& out, int64_t rows, const fs::path& file) {
  const SafetensorsFile tensors(out);
  const TensorView &embeddings = tensors.at("embeddings"), &norms = tensors.at("norms");
  if (embeddings.shape != std::vector{rows, shape.dimension}) throw not_as_written(out);
  copy_part(out, file);
  GrowingFile waiting(file.string() + waiting_norms_suffix);
  waiting.write(norms.bytes);
  waiting.sync();
  return fs::file_size(out) - norms.bytes.size();
}

void check_npy(const fs::path& file, const std::vector<int64_t>& shape) {
  if (parse_npy(MappedFile(file).bytes()).shape != shape) throw not_as_written(file);
}

}  // namespace

void NameSet::sort() {
  order_.resize(names_.size());
  std::iota(order_.begin(), order_.end(), 0U);
  std::ranges::sort(order_, {}, [&](uint32_t i) { return names_[i]; });
}

bool NameSet::contains(std::string_view name) const {
  return std::ranges::binary_search(order_, name, {}, [&](uint32_t i) { return names_[i]; });
}

NameSet names_of_rows(const EmbeddingShape& shape, const fs::path& out, int64_t rows) {
  NameSet names;
  const bool has_list = embedding_suffixes(shape.format).size() > 1;
  const MappedFile file(has_list ? fs::path(out.string() + names_suffix) : out);
  if (has_list) {
    for_each_line(text_in(file), [&](std::string_view line) { names.add(line); });
  } else if (shape.format == "csv") {
    parse_csv(
        text_in(file), ',', [](const auto&) {}, [&](int64_t, const auto& fields) { names.add(fields.front()); });
  } else {
    for_each_line(text_in(file), [&](std::string_view line) {
      const nlohmann::json row = nlohmann::json::parse(line, nullptr, false);
      if (!row.is_object() || !row.contains("name") || !row["name"].is_string()) throw not_as_written(out);
      names.add(row["name"].get_ref<const std::string&>());
    });
  }
  if (static_cast<int64_t>(names.size()) != rows) throw not_as_written(out);
  names.sort();
  return names;
}

std::vector<uint64_t> copy_rows(const EmbeddingShape& shape, const fs::path& out, int64_t rows, const fs::path& file) {
  const auto beside = [](const fs::path& path, const char* suffix) { return fs::path(path.string() + suffix); };
  std::vector<uint64_t> sizes;
  if (shape.format == "safetensors") {
    sizes = {copy_tensors(shape, out, rows, file), static_cast<uint64_t>(rows) * sizeof(float)};
  } else {
    if (shape.format == "npy") check_npy(out, {rows, shape.dimension});
    copy_part(out, file);
    sizes = {fs::file_size(out)};
  }
  if (shape.format == "npy") {
    check_npy(beside(out, norms_suffix), {rows});
    copy_part(beside(out, norms_suffix), beside(file, norms_suffix));
    sizes.push_back(fs::file_size(beside(out, norms_suffix)));
  }
  if (shape.format == "npy" || shape.format == "safetensors") {
    copy_part(beside(out, names_suffix), beside(file, names_suffix));
    sizes.push_back(fs::file_size(beside(out, names_suffix)));
  }
  const fs::path skipped = beside(out, skipped_suffix);
  if (fs::exists(skipped)) copy_part(skipped, beside(file, skipped_suffix));
  sizes.push_back(fs::exists(skipped) ? fs::file_size(skipped) : 0);
  return sizes;
}

}  // namespace facerec
