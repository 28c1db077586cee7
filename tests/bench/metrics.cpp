// What the figures of an evaluation cost, in seconds.
//
//     metrics figures [COUNT | FOLDER]   all figures of COUNT scores (10,000,000), half of them of same pairs, in ten
//     folds;
//                                        or of FOLDER/cosine.f64 and FOLDER/same.u8, as metrics_peer.py writes them
//     metrics bootstrap [PAIRS]          1000 replicates over the people of PAIRS (6,000)
//     metrics stream [COUNT]             COUNT scores (100,000,000) as they come, and the memory that takes
//     metrics all_pairs [IMAGES]         each of IMAGES (20,000) embeddings of 512 numbers with every other
//     metrics scores [PAIRS]             cosines and distances of PAIRS (1,000,000) pairs of 10,000 embeddings
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "facerec/core/random.h"
#include "facerec/eval/verification.h"

namespace {

using namespace facerec;

double seconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void tell(const char* what, double seconds) { std::printf("%-24s %.3f\n", what, seconds); }

double largest_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void tell_memory(double before) { std::printf("%-24s %.0f MiB\n", "memory", largest_memory() - before); }

void add_distances(PairScores& scores) {
  for (const double cosine : scores.cosine) {
    scores.squared_l2.push_back(2 - 2 * cosine);
    scores.distance.push_back(std::sqrt(2 - 2 * cosine));
  }
}

PairScores draw_scores(size_t count) {
  Random random("metrics bench", {count});
  PairScores scores;
  for (size_t i = 0; i < count; ++i) {
    scores.same.push_back(i % 2 == 0);
    scores.cosine.push_back(std::clamp(random.normal(i % 2 == 0 ? 0.4 : 0, 0.12), -1.0, 1.0));
  }
  add_distances(scores);
  return scores;
}

template <class T>
std::vector<T> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<T> values(static_cast<size_t>(file.tellg()) / sizeof(T));
  file.seekg(0).read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
  return values;
}

PairScores read_scores(const std::string& folder) {
  PairScores scores{.cosine = read<double>(folder + "/cosine.f64"),
                    .squared_l2 = {},
                    .distance = {},
                    .same = read<uint8_t>(folder + "/same.u8")};
  add_distances(scores);
  return scores;
}

void measure_figures(const std::string& source) {
  const bool number = source.find_first_not_of("0123456789") == std::string::npos;
  const PairScores scores = number ? draw_scores(std::stoull(source)) : read_scores(source);
  const auto fold = contiguous_folds(scores.same.size());
  std::optional<Roc> roc;
  tell("ROC", seconds_of([&] { roc = roc_curve(scores.cosine, scores.same); }));
  double auc = 0;
  tell("AUC", seconds_of([&] { auc = area_under(*roc); }));
  tell("k-fold accuracy", seconds_of([&] { kfold_accuracy(scores.squared_l2, scores.same, fold); }));
  tell("VAL at FAR", seconds_of([&] { val_at_far(scores.squared_l2, scores.same, fold); }));
  tell("distribution", seconds_of([&] { score_distribution(scores.cosine, scores.same); }));
  tell("k-fold of distances", seconds_of([&] { kfold_accuracy_of_distances(scores.distance, scores.same, fold); }));
  roc.reset();
  tell("all figures", seconds_of([&] { evaluate_verification(scores, {}, fold, {}); }));
  std::printf("%-24s %.17g\n", "value of the AUC", auc);
}

void measure_bootstrap(size_t count) {
  const PairScores scores = draw_scores(count);
  std::vector<Pair> pairs;
  for (uint32_t i = 0; i < count; ++i) pairs.push_back({i, i % 2 == 0 ? i + 1 : i + 2, i % 2 == 0});
  const auto fold = contiguous_folds(count);
  tell("bootstrap", seconds_of([&] { bootstrap(scores, pairs, fold, {}, {}); }));
}

void measure_stream(size_t count) {
  const double before = largest_memory();
  RocAccumulator accumulator;
  const double seconds = seconds_of([&] {
    uint64_t state = 1;  // fast and rough: sums of three uniform numbers
    for (size_t i = 0; i < count; ++i) {
      state = state * 6364136223846793005 + 1442695040888963407;
      const uint64_t sum = (state & 0xFFFFF) + (state >> 20 & 0xFFFFF) + (state >> 40 & 0xFFFFF);
      accumulator.add(static_cast<double>(sum) / 0x180000 - (i % 2 == 0 ? 0.8 : 1.2), i % 2 == 0);
    }
  });
  tell("counting", seconds);
  tell("figures", seconds_of([&] { area_under(*accumulator.finish()); }));
  tell_memory(before);
}

std::vector<float> draw_rows(size_t count, size_t dimension) {
  std::vector<float> rows(count * dimension);
  Random random("rows", {count});
  for (float& value : rows)
    value = static_cast<float>(random.uniform(-1, 1) / std::sqrt(static_cast<double>(dimension) / 3));
  return rows;
}

void measure_all_pairs(size_t images) {
  constexpr size_t dimension = 512;
  const std::vector<float> rows = draw_rows(images, dimension);
  std::vector<uint32_t> identity;
  for (uint32_t i = 0; i < images; ++i) identity.push_back(i / 10);
  const double before = largest_memory();
  tell("all pairs", seconds_of([&] { evaluate_all_pairs(rows, dimension, identity); }));
  tell_memory(before);
}

void measure_scores(size_t count) {
  constexpr size_t dimension = 512;
  constexpr uint32_t images = 10'000;
  const std::vector<float> rows = draw_rows(images, dimension), mirrored(rows.rbegin(), rows.rend());
  Random random("pairs", {count});
  std::vector<Pair> pairs;
  for (size_t i = 0; i < count; ++i) {
    pairs.push_back(
        {static_cast<uint32_t>(random.below(images)), static_cast<uint32_t>(random.below(images)), i % 2 == 0});
  }
  const double before = largest_memory();
  tell("scores", seconds_of([&] { score_pairs({dimension, rows, mirrored}, pairs, EmbeddingRule::flip_sum); }));
  tell_memory(before);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string part = argc > 1 ? argv[1] : "figures", size = argc > 2 ? argv[2] : "";
  const auto count = [&](size_t otherwise) { return size.empty() ? otherwise : std::stoull(size); };
  if (part == "figures") measure_figures(size.empty() ? "10000000" : size);
  if (part == "bootstrap") measure_bootstrap(count(6'000));
  if (part == "stream") measure_stream(count(100'000'000));
  if (part == "all_pairs") measure_all_pairs(count(20'000));
  if (part == "scores") measure_scores(count(1'000'000));
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
