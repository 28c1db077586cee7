#include "facerec/gallery/index.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "gallery/index_layout.h"
#include "gallery/list_centres.h"
#include "gallery/matrix_layout.h"
#include "gallery/search_parts.h"

namespace facerec {
namespace {

Error not_usable(const fs::path& file, const std::string& fault) {
  return Error(fault).file(text_of(file)).hint("remove it: it is made again from the gallery");
}

IndexHeader read_header(const fs::path& file, std::span<const std::byte> bytes, const TemplateMatrix& templates) {
  IndexHeader header;
  const IndexHeader expected;
  if (bytes.size() < sizeof header + longest_key) throw not_usable(file, "is no index of templates, or is cut off");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.mark, expected.mark, sizeof header.mark) != 0) {
    throw not_usable(file, "is no index of templates");
  }
  if (header.version != expected.version) {
    throw not_usable(file, fmt::format("is an index of version {}, not {}", header.version, expected.version));
  }
  std::string key;
  if (header.key_bytes <= longest_key) {
    key.assign(reinterpret_cast<const char*>(bytes.data()) + sizeof header, header.key_bytes);
  }
  constexpr auto most = static_cast<uint64_t>(most_indexed);
  if (header.crc != checksum_of(header, key) || header.lists < 1 || header.lists > most || header.groups > most) {
    throw not_usable(file, "is damaged: its header does not fit its checksum");
  }
  if (key != templates.key() || header.dimension != templates.dimension() ||
      header.templates != static_cast<uint64_t>(templates.size())) {
    throw not_usable(file, "is an index of other templates, perhaps of the gallery before it was changed");
  }
  return header;
}

}  // namespace

IndexLayout::IndexLayout(int64_t lists, int64_t groups, int64_t dimension) {
  const auto all_lists = static_cast<uint64_t>(lists), all_rows = static_cast<uint64_t>(groups * group_rows);
  centres = aligned(sizeof(IndexHeader) + longest_key);
  ends = aligned(centres + all_lists * static_cast<uint64_t>(dimension) * sizeof(float));
  row_numbers = aligned(ends + all_lists * sizeof(uint64_t));
  scales = aligned(row_numbers + all_rows * sizeof(uint32_t));
  bounds = aligned(scales + all_rows * sizeof(float));
  codes = aligned(bounds + static_cast<uint64_t>(groups) * sizeof(GroupBounds));
  end = codes + all_rows * static_cast<uint64_t>(depth_of(dimension));
}

struct TemplateIndex::State {
  State(const fs::path& path, const TemplateMatrix& all) : file(path), templates(all) {}
  int64_t first_group(int64_t list) const { return list == 0 ? 0 : end_group(list - 1); }
  int64_t end_group(int64_t list) const { return static_cast<int64_t>(ends[static_cast<size_t>(list)]); }

  MappedFile file;
  const TemplateMatrix& templates;
  std::unique_ptr<ListCentres> centres;
  std::span<const uint64_t> ends;
  ScanRows rows;
};

TemplateIndex::TemplateIndex(const fs::path& file, const TemplateMatrix& templates)
    : state_(std::make_unique<State>(file, templates)) {
  State& s = *state_;
  const std::span<const std::byte> bytes = s.file.bytes();
  const IndexHeader header = read_header(file, bytes, templates);
  const auto lists = static_cast<int64_t>(header.lists), groups = static_cast<int64_t>(header.groups);
  const IndexLayout layout(lists, groups, templates.dimension());
  if (bytes.size() != layout.end) {
    throw not_usable(file, fmt::format("is damaged: it has {} bytes, not {}", bytes.size(), layout.end));
  }
  const auto part = [&]<class Value>(uint64_t offset, uint64_t size, const Value*) {
    return std::span(reinterpret_cast<const Value*>(bytes.data() + offset), size);
  };
  s.ends = part(layout.ends, header.lists, static_cast<const uint64_t*>(nullptr));
  const auto centres = part(layout.centres, header.lists * header.dimension, static_cast<const float*>(nullptr));
  const bool are_units = [&] {
    for (size_t first = 0; first < centres.size(); first += header.dimension) {
      if (!is_unit(centres.subspan(first, header.dimension))) return false;
    }
    return true;
  }();
  if (!are_units || !std::is_sorted(s.ends.begin(), s.ends.end()) || s.ends.back() != header.groups) {
    throw not_usable(file, "is damaged: it does not say where its lists lie");
  }
  s.centres = std::make_unique<ListCentres>(centres, templates.dimension());
  const auto places = header.groups * group_rows;
  s.rows = {.codes = {.groups = groups,
                      .depth = depth_of(templates.dimension()),
                      .scales = part(layout.scales, places, static_cast<const float*>(nullptr)).data(),
                      .bounds = part(layout.bounds, header.groups, static_cast<const GroupBounds*>(nullptr)).data(),
                      .codes = part(layout.codes, 0, static_cast<const uint8_t*>(nullptr)).data()},
            .rows = templates.rows(),
            .dimension = templates.dimension(),
            .row_numbers = part(layout.row_numbers, places, static_cast<const uint32_t*>(nullptr))};
}

TemplateIndex::~TemplateIndex() = default;

int64_t TemplateIndex::lists() const { return static_cast<int64_t>(state_->ends.size()); }

int64_t TemplateIndex::default_probes() const { return std::max<int64_t>(1, lists() / 8); }

std::vector<std::vector<Match>> TemplateIndex::search(std::span<const float> queries, int64_t n, int64_t k,
                                                      int64_t probes, int threads) const {
  const State& s = *state_;
  const int64_t dimension = s.templates.dimension();
  check_queries(queries, n, dimension);
  std::vector<std::vector<Match>> result(static_cast<size_t>(n));
  k = std::min(k, s.templates.size());
  if (n == 0 || k <= 0) return result;
  const auto nearest =
      s.centres->nearest(queries, n, std::min(probes > 0 ? probes : default_probes(), lists()), threads);
  parallel_for(n, threads, [&](int64_t query) {
    ScanQueries one(queries.subspan(static_cast<size_t>(query * dimension), static_cast<size_t>(dimension)), 1,
                    dimension, k);
    Scanner scanner(s.rows, one, kernels().front());
    const auto i = static_cast<size_t>(query);
    for (const RowMatch& list : nearest[i]) scanner.scan(s.first_group(list.row), s.end_group(list.row));
    result[i] = matches_of(best_of(scanner.best(0), k), s.templates);
  });
  return result;
}

}  // namespace facerec
