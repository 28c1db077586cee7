#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/gallery/index.h"
#include "gallery/index_layout.h"
#include "gallery/list_centres.h"
#include "gallery/matrix_layout.h"

namespace facerec {
namespace {

int64_t lists_for(int64_t templates, int64_t wanted) {
  constexpr int64_t least_a_list = 39;  // faiss's least for k-means
  const auto usual = static_cast<int64_t>(4 * std::sqrt(static_cast<double>(templates)));
  return std::clamp<int64_t>(wanted > 0 ? wanted : std::min(usual, templates / least_a_list), 1, templates);
}

// Of each template.
std::vector<uint32_t> nearest_lists(const TemplateMatrix& templates, const ListCentres& centres, int threads) {
  constexpr int64_t at_once = 4096;
  const int64_t size = templates.size(), d = templates.dimension();
  std::vector<uint32_t> lists(static_cast<size_t>(size));
  parallel_for((size + at_once - 1) / at_once, threads, [&](int64_t part) {
    const int64_t first = part * at_once, n = std::min(at_once, size - first);
    const auto rows = templates.rows().subspan(static_cast<size_t>(first * d), static_cast<size_t>(n * d));
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
      const auto row = rows.subspan(i * static_cast<size_t>(d), static_cast<size_t>(d));
      if (!is_unit(row)) throw DamagedTemplates("a template is not of unit length");
    }
    const auto found = centres.nearest(rows, n, 1, 1);
    for (size_t i = 0; i < found.size(); ++i) {
      lists[static_cast<size_t>(first) + i] = static_cast<uint32_t>(found[i].at(0).row);
    }
    templates.pass(first, n);
  });
  return lists;
}

// The rows of each list in ascending order, list by list; `ends`: of each in the rows.
std::vector<uint32_t> sort_by_list(const std::vector<uint32_t>& lists, std::vector<uint64_t>& ends) {
  for (const uint32_t list : lists) ++ends[list];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<uint32_t> rows(lists.size());
  std::vector<uint64_t> next(ends.size());
  std::copy(ends.begin(), ends.end() - 1, next.begin() + 1);
  for (size_t row = 0; row < lists.size(); ++row) rows[next[lists[row]]++] = static_cast<uint32_t>(row);
  return rows;
}

class GroupWriter {
 public:
  GroupWriter(AtomicFile& file, const IndexLayout& layout, const TemplateMatrix& templates)
      : file_(file),
        layout_(layout),
        templates_(templates),
        codes_(static_cast<size_t>(depth_of(templates.dimension()) * group_rows)) {}

  // Up to 64.
  void add(std::span<const uint32_t> rows) {
    const auto d = static_cast<size_t>(templates_.dimension());
    std::vector<float> vectors;
    uint32_t numbers[group_rows];
    std::fill(std::copy(rows.begin(), rows.end(), numbers), std::end(numbers), no_row);
    for (const uint32_t row : rows) {
      const auto vector = templates_.rows().subspan(row * d, d);
      vectors.insert(vectors.end(), vector.begin(), vector.end());
    }
    float scales[group_rows];
    GroupBounds bounds;
    encode_group(vectors, templates_.dimension(), codes_.data(), scales, bounds);
    file_.write_at(layout_.row_numbers + groups_ * sizeof numbers, std::as_bytes(std::span(numbers)));
    file_.write_at(layout_.scales + groups_ * sizeof scales, std::as_bytes(std::span(scales)));
    file_.write_at(layout_.bounds + groups_ * sizeof bounds, std::as_bytes(std::span(&bounds, 1)));
    file_.write_at(layout_.codes + groups_ * codes_.size(), std::as_bytes(std::span(codes_)));
    ++groups_;
  }

 private:
  AtomicFile& file_;
  const IndexLayout& layout_;
  const TemplateMatrix& templates_;
  std::vector<uint8_t> codes_;
  uint64_t groups_ = 0;
};

void write_header(AtomicFile& file, const TemplateMatrix& templates, uint64_t lists, uint64_t groups) {
  IndexHeader header;
  header.dimension = static_cast<uint32_t>(templates.dimension());
  header.templates = static_cast<uint64_t>(templates.size());
  header.lists = lists;
  header.groups = groups;
  header.key_bytes = static_cast<uint32_t>(templates.key().size());
  header.crc = checksum_of(header, templates.key());
  file.write(std::as_bytes(std::span(&header, 1)));
  file.write(templates.key());
}

}  // namespace

void write_index(const fs::path& file, const TemplateMatrix& templates, const IndexOptions& options) {
  if (templates.size() < 1 || templates.size() > most_indexed) {
    throw Error(fmt::format("{} templates cannot be indexed", templates.size())).file(text_of(file));
  }
  AtomicFile output(file);
  const ListCentres centres = train_centres(templates, lists_for(templates.size(), options.lists), options.threads);
  std::vector<uint64_t> ends(static_cast<size_t>(centres.size()));
  const std::vector<uint32_t> rows = sort_by_list(nearest_lists(templates, centres, options.threads), ends);

  const auto groups_of = [](uint64_t n) { return (n + group_rows - 1) / group_rows; };
  std::vector<uint64_t> group_ends(ends.size());
  for (size_t list = 0, begin = 0, groups = 0; list < ends.size(); begin = ends[list++]) {
    group_ends[list] = groups += groups_of(ends[list] - begin);
  }
  const IndexLayout layout(centres.size(), static_cast<int64_t>(group_ends.back()), templates.dimension());
  write_header(output, templates, group_ends.size(), group_ends.back());
  output.write_at(layout.centres, std::as_bytes(centres.all()));
  output.write_at(layout.ends, std::as_bytes(std::span(group_ends)));
  GroupWriter groups(output, layout, templates);
  for (size_t list = 0, begin = 0; list < ends.size(); begin = ends[list++]) {
    for (size_t first = begin; first < ends[list]; first += group_rows) {
      groups.add(std::span(rows).subspan(first, std::min<size_t>(group_rows, ends[list] - first)));
    }
  }
  output.commit();
}

}  // namespace facerec
