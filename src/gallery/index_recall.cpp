#include <algorithm>
#include <chrono>
#include <cmath>

#include "facerec/core/random.h"
#include "facerec/gallery/index.h"

namespace facerec {
namespace {

double length_of(std::span<const double> vector) {
  double squares = 0;
  for (const double value : vector) squares += value * value;
  return std::sqrt(squares);
}

// Appends a unit vector whose cosine to `unit` is `cosine`, in a random direction from it.
void append_moved(std::vector<float>& all, std::span<const float> unit, double cosine, Random& random) {
  std::vector<double> away(unit.size());
  double along = 0;
  for (size_t i = 0; i < unit.size(); ++i) {
    away[i] = random.normal(0, 1);
    along += away[i] * double{unit[i]};
  }
  for (size_t i = 0; i < unit.size(); ++i) away[i] -= along * double{unit[i]};
  const double length = length_of(away);  // 0 in one dimension, where there is nowhere to move to
  const double side = length > 1e-6 ? std::sqrt(1 - cosine * cosine) / length : 0;
  const double ahead = side > 0 ? cosine : 1;
  for (size_t i = 0; i < unit.size(); ++i) all.push_back(static_cast<float>(ahead * double{unit[i]} + side * away[i]));
}

double seconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

IndexRecall measure_recall(const TemplateIndex& index, const TemplateMatrix& templates, int64_t queries, int64_t k,
                           int64_t probes, int threads) {
  constexpr double cosine_of_same = 0.6;
  IndexRecall recall{.queries = templates.size() > 0 ? queries : 0,
                     .k = std::min(k, templates.size()),
                     .probes = std::min(probes > 0 ? probes : index.default_probes(), index.lists())};
  const auto d = static_cast<size_t>(templates.dimension());
  Random random("index recall", {0});
  std::vector<float> vectors;
  for (int64_t i = 0; i < recall.queries; ++i) {
    const size_t row = random.below(static_cast<uint64_t>(templates.size()));
    if (!is_unit(templates.rows().subspan(row * d, d))) throw DamagedTemplates("a template is not of unit length");
    append_moved(vectors, templates.rows().subspan(row * d, d), cosine_of_same, random);
  }
  std::vector<std::vector<Match>> exact, found;
  recall.exact_seconds = seconds_of([&] { exact = search(templates, vectors, recall.queries, recall.k, threads); });
  recall.index_seconds =
      seconds_of([&] { found = index.search(vectors, recall.queries, recall.k, recall.probes, threads); });
  int64_t first = 0, all = 0, wanted = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    first += !exact[i].empty() && !found[i].empty() && exact[i][0] == found[i][0];
    for (const Match& match : exact[i]) all += std::count(found[i].begin(), found[i].end(), match);
    wanted += static_cast<int64_t>(exact[i].size());
  }
  recall.at_1 = recall.queries > 0 ? static_cast<double>(first) / static_cast<double>(recall.queries) : 1;
  recall.at_k = wanted > 0 ? static_cast<double>(all) / static_cast<double>(wanted) : 1;
  return recall;
}

}  // namespace facerec
