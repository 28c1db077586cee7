#include "facerec/gallery/matrix.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>

#include "facerec/core/error.h"
#include "gallery/codes.h"
#include "gallery/matrix_layout.h"

namespace facerec {
namespace {

// Bytes of memory that this process may use.
uint64_t memory_limit() {
  const auto pages = static_cast<uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
  uint64_t limit = pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)), cgroup = 0;
  for (const char* const file : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    if (std::ifstream(file) >> cgroup) limit = std::min(limit, cgroup);
  }
  return limit;
}

Error not_usable(const fs::path& file, const std::string& fault) {
  return Error(fault).file(text_of(file)).hint("remove it: it is made again from the gallery");
}

}  // namespace

MatrixLayout::MatrixLayout(int64_t size, int64_t dimension)
    : groups((size + group_rows - 1) / group_rows), depth(depth_of(dimension)) {
  const auto n = static_cast<uint64_t>(size), all_groups = static_cast<uint64_t>(groups);
  ids = aligned(sizeof(MatrixHeader) + longest_key);
  scales = aligned(ids + n * sizeof(int64_t));
  bounds = aligned(scales + all_groups * group_rows * sizeof(float));
  codes = aligned(bounds + all_groups * sizeof(GroupBounds));
  rows = aligned(codes + all_groups * group_rows * static_cast<uint64_t>(depth));
  end = rows + n * static_cast<uint64_t>(dimension) * sizeof(float);
}

struct TemplateMatrix::Mapping {
  explicit Mapping(const fs::path& path) : file(path) {}
  MappedFile file;
  std::string key;
  std::span<const int64_t> ids;
  std::span<const float> rows;
  CodedRows codes;
  int64_t dimension = 0;
  bool give_back = false;
};

TemplateMatrix::TemplateMatrix(const fs::path& file, uint64_t memory) : mapping_(std::make_unique<Mapping>(file)) {
  Mapping& m = *mapping_;
  const std::span<const std::byte> bytes = m.file.bytes();
  MatrixHeader header;
  const MatrixHeader expected;
  if (bytes.size() < sizeof header + longest_key) throw not_usable(file, "is no template matrix, or is cut off");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.mark, expected.mark, sizeof header.mark) != 0) throw not_usable(file, "is no template matrix");
  if (header.version != expected.version) {
    throw not_usable(file, fmt::format("is a template matrix of version {}, not {}", header.version, expected.version));
  }
  if (header.key_bytes <= longest_key) {
    m.key.assign(reinterpret_cast<const char*>(bytes.data()) + sizeof header, header.key_bytes);
  }
  if (header.crc != checksum_of(header, m.key) || header.dimension < 1 || header.dimension > largest_dimension ||
      header.size > static_cast<uint64_t>(largest_size)) {
    throw not_usable(file, "is damaged: its header does not fit its checksum");
  }
  m.dimension = header.dimension;
  const MatrixLayout layout(static_cast<int64_t>(header.size), m.dimension);
  if (bytes.size() != layout.end) {
    throw not_usable(file, fmt::format("is damaged: it has {} bytes, not {}", bytes.size(), layout.end));
  }
  m.ids = {reinterpret_cast<const int64_t*>(bytes.data() + layout.ids), header.size};
  m.rows = {reinterpret_cast<const float*>(bytes.data() + layout.rows), header.size * header.dimension};
  m.codes = {.groups = layout.groups,
             .depth = layout.depth,
             .scales = reinterpret_cast<const float*>(bytes.data() + layout.scales),
             .bounds = reinterpret_cast<const GroupBounds*>(bytes.data() + layout.bounds),
             .codes = reinterpret_cast<const uint8_t*>(bytes.data() + layout.codes)};
  m.give_back = bytes.size() > (memory > 0 ? memory : memory_limit() / 2);
}

TemplateMatrix::~TemplateMatrix() = default;

const std::string& TemplateMatrix::key() const { return mapping_->key; }
int64_t TemplateMatrix::size() const { return static_cast<int64_t>(mapping_->ids.size()); }
int64_t TemplateMatrix::dimension() const { return mapping_->dimension; }
std::span<const int64_t> TemplateMatrix::ids() const { return mapping_->ids; }
std::span<const float> TemplateMatrix::rows() const { return mapping_->rows; }
const CodedRows& TemplateMatrix::codes() const { return mapping_->codes; }

void TemplateMatrix::pass(int64_t first_row, int64_t rows) const {
  if (!mapping_->give_back) return;
  const auto& [file, key, ids, values, codes, dimension, give_back] = *mapping_;
  const int64_t first_group = first_row / group_rows, groups = (rows + group_rows - 1) / group_rows;
  file.drop_pages(
      std::as_bytes(values.subspan(static_cast<size_t>(first_row * dimension), static_cast<size_t>(rows * dimension))));
  file.drop_pages(std::as_bytes(
      std::span(codes.codes + first_group * codes.group_bytes(), static_cast<size_t>(groups * codes.group_bytes()))));
}

bool is_unit(std::span<const float> vector) {
  double squares = 0;
  for (const float value : vector) squares += double{value} * double{value};
  return std::abs(std::sqrt(squares) - 1) < 0.01;
}

}  // namespace facerec
