#include <fmt/format.h>

#include <vector>

#include "facerec/core/error.h"
#include "facerec/gallery/matrix.h"
#include "gallery/codes.h"
#include "gallery/matrix_layout.h"

namespace facerec {

struct TemplateMatrixWriter::State {
  State(const fs::path& path, int64_t rows_of_all, int64_t dimension_of_rows)
      : file(path), name(text_of(path)), size(rows_of_all), dimension(dimension_of_rows), layout(size, dimension) {}

  void write_group();

  AtomicFile file;
  std::string name;
  int64_t size, dimension, done = 0;  // done: rows whose group is written
  MatrixLayout layout;
  int64_t last_id = 0;
  std::vector<int64_t> ids;  // of the group that is filled
  std::vector<float> rows;
};

void TemplateMatrixWriter::State::write_group() {
  const auto first = static_cast<uint64_t>(done), group = first / group_rows;
  std::vector<uint8_t> codes(static_cast<size_t>(layout.depth * group_rows));
  float scales[group_rows];
  GroupBounds bounds;
  encode_group(rows, dimension, codes.data(), scales, bounds);
  file.write_at(layout.ids + first * sizeof(int64_t), std::as_bytes(std::span(ids)));
  file.write_at(layout.scales + first * sizeof(float), std::as_bytes(std::span(scales)));
  file.write_at(layout.bounds + group * sizeof bounds, std::as_bytes(std::span(&bounds, 1)));
  file.write_at(layout.codes + group * codes.size(), std::as_bytes(std::span(codes)));
  file.write_at(layout.rows + first * static_cast<uint64_t>(dimension) * sizeof(float), std::as_bytes(std::span(rows)));
  done += static_cast<int64_t>(ids.size());
  ids.clear();
  rows.clear();
}

TemplateMatrixWriter::TemplateMatrixWriter(const fs::path& file, int64_t size, int64_t dimension,
                                           const std::string& key) {
  if (size < 0 || size > largest_size || dimension < 1 || dimension > largest_dimension || key.size() > longest_key) {
    throw Error(fmt::format("a template matrix of {} × {} with a key of {} bytes is beyond what its file can say", size,
                            dimension, key.size()))
        .file(text_of(file));
  }
  state_ = std::make_unique<State>(file, size, dimension);
  MatrixHeader header;
  header.dimension = static_cast<uint32_t>(dimension);
  header.size = static_cast<uint64_t>(size);
  header.key_bytes = static_cast<uint32_t>(key.size());
  header.crc = checksum_of(header, key);
  state_->file.write(std::as_bytes(std::span(&header, 1)));
  state_->file.write(key);
  // The end of an empty matrix, which no row writes.
  const std::vector<std::byte> padding(state_->layout.ids - sizeof header - key.size());
  state_->file.write(padding);
}

TemplateMatrixWriter::~TemplateMatrixWriter() = default;

void TemplateMatrixWriter::add(int64_t id, std::span<const float> unit) {
  State& s = *state_;
  const int64_t rows = s.done + static_cast<int64_t>(s.ids.size());
  const auto fail = [&](const std::string& fault) { throw Error(fmt::format("id {}: {}", id, fault)).file(s.name); };
  if (rows == s.size) fail(fmt::format("is one more than the {} templates that were announced", s.size));
  if (rows > 0 && id <= s.last_id) fail(fmt::format("comes after {}, but ids ascend", s.last_id));
  if (static_cast<int64_t>(unit.size()) != s.dimension) {
    fail(fmt::format("its template has {} numbers, not {}", unit.size(), s.dimension));
  }
  if (!is_unit(unit)) fail("its template is not of unit length");
  s.last_id = id;
  s.ids.push_back(id);
  s.rows.insert(s.rows.end(), unit.begin(), unit.end());
  if (s.ids.size() == group_rows) s.write_group();
}

void TemplateMatrixWriter::commit() {
  State& s = *state_;
  if (!s.ids.empty()) s.write_group();
  if (s.done != s.size) throw Error(fmt::format("has {} of {} templates", s.done, s.size)).file(s.name);
  s.file.commit();
}

}  // namespace facerec
