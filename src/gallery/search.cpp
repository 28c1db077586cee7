#include "facerec/gallery/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "gallery/scan.h"
#include "gallery/search_parts.h"

namespace facerec {

float cosine_of(std::span<const float> a, std::span<const float> b) { return kernels().front().cosine(a, b); }

void check_queries(std::span<const float> queries, int64_t n, int64_t dimension) {
  if (static_cast<int64_t>(queries.size()) != n * dimension) {
    throw Error(fmt::format("{} numbers are not {} queries of {}", queries.size(), n, dimension));
  }
  for (int64_t query = 0; query < n; ++query) {
    if (is_unit(queries.subspan(static_cast<size_t>(query * dimension), static_cast<size_t>(dimension)))) continue;
    throw Error(fmt::format("query {} is not of unit length, or has NaN", query));
  }
}

std::vector<Match> matches_of(const std::vector<RowMatch>& rows, const TemplateMatrix& templates) {
  const auto d = static_cast<size_t>(templates.dimension());
  std::vector<Match> matches;
  matches.reserve(rows.size());
  int64_t before = -1;
  for (const RowMatch& match : rows) {
    const auto row = static_cast<size_t>(match.row);
    if (!is_unit(templates.rows().subspan(row * d, d))) throw DamagedTemplates("a template is not of unit length");
    if (match.row == before) throw DamagedTemplates("a template stands twice in an index");
    before = match.row;
    matches.push_back({templates.ids()[row], match.cosine});
  }
  return matches;
}

std::vector<std::vector<RowMatch>> best_rows(const Kernels& kernels, const ScanRows& rows, ScanQueries& queries,
                                             int threads, const Passed& passed) {
  // A chunk stays in a core's second-level cache while all queries are compared with it.
  constexpr int64_t chunk_bytes = int64_t{1} << 19;
  const int64_t groups = rows.codes.groups;
  const int64_t chunk = std::max<int64_t>(1, chunk_bytes / rows.codes.group_bytes());
  const int64_t workers = std::min<int64_t>(resolve_threads(threads), (groups + chunk - 1) / chunk);
  std::vector<std::vector<RowMatch>> found(static_cast<size_t>(queries.size()));
  std::mutex found_mutex;
  std::atomic<int64_t> next = 0;
  parallel_for(workers, static_cast<int>(workers), [&](int64_t) {
    Scanner scanner(rows, queries, kernels);
    for (int64_t first; (first = next.fetch_add(chunk)) < groups;) {
      const int64_t end = std::min(first + chunk, groups);
      scanner.scan(first, end);
      if (passed) passed(first, end);
    }
    const std::lock_guard lock(found_mutex);
    for (size_t query = 0; query < found.size(); ++query) {
      const auto& best = scanner.best(static_cast<int64_t>(query));
      found[query].insert(found[query].end(), best.begin(), best.end());
    }
  });
  for (auto& all : found) all = best_of(std::move(all), queries.k());
  return found;
}

std::vector<std::vector<Match>> search_with(const Kernels& kernels, const TemplateMatrix& templates,
                                            std::span<const float> vectors, int64_t n, int64_t k, int threads) {
  check_queries(vectors, n, templates.dimension());
  std::vector<std::vector<Match>> result(static_cast<size_t>(n));
  k = std::min(k, templates.size());
  if (n == 0 || k <= 0) return result;
  ScanQueries queries(vectors, n, templates.dimension(), k);
  const ScanRows rows{templates.codes(), templates.rows(), templates.dimension(), {}};
  const auto found = best_rows(kernels, rows, queries, threads, [&](int64_t first, int64_t end) {
    const int64_t first_row = first * group_rows;
    templates.pass(first_row, std::min(end * group_rows, templates.size()) - first_row);
  });
  for (size_t query = 0; query < result.size(); ++query) result[query] = matches_of(found[query], templates);
  return result;
}

std::vector<std::vector<Match>> search(const TemplateMatrix& templates, std::span<const float> queries, int64_t n,
                                       int64_t k, int threads) {
  return search_with(kernels().front(), templates, queries, n, k, threads);
}

}  // namespace facerec
