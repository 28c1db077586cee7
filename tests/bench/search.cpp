// Searching a gallery beside faiss::IndexFlatIP, in turns in one process, on the same threads; faiss computes with
// LibTorch's sgemm_. Milliseconds a batch (median, lowest – highest), and how many times faster the search is.
//
//     search [PART [ROWS [THREADS [FOLDER]]]]    default: all, 1,000,000 rows of 512, the cores available, $TMPDIR,
//                                                where it takes 2.6 GB (index: 3.2 GB), and 5 GB of memory
//
// PART: faiss, as above; kernels, each that this processor runs; index, what it finds (random templates have no
// clusters, which is its worst case).
#include "facerec/gallery/search.h"

#include <dlfcn.h>
#include <faiss/IndexFlat.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/core/random.h"
#include "facerec/gallery/index.h"
#include "gallery/kernels.h"
#include "gallery/search_parts.h"

namespace {

using namespace facerec;

constexpr int64_t dimension = 512;

std::vector<float> random_unit(uint64_t seed, uint64_t row) {
  Random random("search bench", {seed, row});
  std::vector<float> vector(dimension);
  double squares = 0;
  for (float& value : vector) {
    value = static_cast<float>(random.normal(0, 1));
    squares += double{value} * double{value};
  }
  for (float& value : vector) value = static_cast<float>(value / std::sqrt(squares));
  return vector;
}

double milliseconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return 1000 * std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void write_matrix(const fs::path& file, int64_t rows) {
  TemplateMatrixWriter writer(file, rows, dimension, "bench");
  double making = 0;
  const double all = milliseconds_of([&] {
    for (int64_t row = 0; row < rows; ++row) {
      std::vector<float> vector;
      making += milliseconds_of([&] { vector = random_unit(1, static_cast<uint64_t>(row)); });
      writer.add(row + 1, vector);
    }
    writer.commit();
  });
  std::printf("written in %.1f s\n", (all - making) / 1000);
}

struct Times {
  std::vector<double> all = {};
  double median() {
    std::sort(all.begin(), all.end());
    return all[all.size() / 2];
  }
};

void compare(const TemplateMatrix& matrix, faiss::IndexFlatIP& peer, int64_t n, int64_t k, int threads) {
  std::vector<float> queries;
  for (int64_t i = 0; i < n; ++i) {
    const std::vector<float> query = random_unit(2, static_cast<uint64_t>(i));
    queries.insert(queries.end(), query.begin(), query.end());
  }
  std::vector<float> cosines(static_cast<size_t>(n * k));
  std::vector<faiss::Index::idx_t> rows(static_cast<size_t>(n * k));
  std::vector<std::vector<Match>> found;
  Times ours, theirs;
  constexpr int turns = 7;
  for (int turn = 0; turn < turns; ++turn) {
    ours.all.push_back(milliseconds_of([&] { found = search(matrix, queries, n, k, threads); }));
    theirs.all.push_back(milliseconds_of([&] { peer.search(n, queries.data(), k, cosines.data(), rows.data()); }));
  }
  size_t same = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    same += found[i / static_cast<size_t>(k)][i % static_cast<size_t>(k)].id == rows[i] + 1;
  }
  const double mine = ours.median(), other = theirs.median();
  std::printf(
      "batch %4lld, k %3lld: %7.1f ms (%.1f – %.1f), faiss %7.1f ms (%.1f – %.1f), ratio %5.1f; %zu of %zu the same\n",
      static_cast<long long>(n), static_cast<long long>(k), mine, ours.all.front(), ours.all.back(), other,
      theirs.all.front(), theirs.all.back(), other / mine, same, rows.size());
}

void compare_faiss(const TemplateMatrix& matrix, int threads) {
  faiss::IndexFlatIP peer(dimension);
  constexpr int64_t at_once = 10'000;
  for (int64_t row = 0; row < matrix.size(); row += at_once) {
    peer.add(std::min(at_once, matrix.size() - row), matrix.rows().data() + row * dimension);
  }
  for (const int64_t n : {1, 64}) {
    for (const int64_t k : {1, 10}) compare(matrix, peer, n, k, threads);
  }
}

void compare_kernels(const TemplateMatrix& matrix, int threads) {
  for (const Kernels& kernels : kernels()) {
    std::printf("%-8s", std::string(kernels.name).c_str());
    for (const int64_t n : {1, 64}) {
      std::vector<float> queries;
      for (int64_t i = 0; i < n; ++i) {
        const std::vector<float> query = random_unit(2, static_cast<uint64_t>(i));
        queries.insert(queries.end(), query.begin(), query.end());
      }
      Times times;
      for (int turn = 0; turn < 3; ++turn) {
        times.all.push_back(milliseconds_of([&] { search_with(kernels, matrix, queries, n, 1, threads); }));
      }
      std::printf("  batch %lld: %.1f ms", static_cast<long long>(n), times.median());
    }
    std::printf("\n");
  }
}

void compare_index(const TemplateMatrix& matrix, const fs::path& file, int threads) {
  const double building = milliseconds_of([&] { write_index(file, matrix, {.threads = threads}); });
  std::unique_ptr<TemplateIndex> index;
  const double opening = milliseconds_of([&] { index = std::make_unique<TemplateIndex>(file, matrix); });
  std::printf("index of %lld lists: built in %.1f s, opened in %.1f ms\n", static_cast<long long>(index->lists()),
              building / 1000, opening);
  for (const int64_t share : {256, 64, 32, 16, 8, 4}) {
    const IndexRecall recall = measure_recall(*index, matrix, 500, 10, std::max<int64_t>(1, index->lists() / share));
    std::printf("%5lld probes: recall@1 %.3f, @10 %.3f; %.2f ms a query, exact %.2f ms\n",
                static_cast<long long>(recall.probes), recall.at_1, recall.at_k, recall.index_seconds * 2,
                recall.exact_seconds * 2);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string part = argc > 1 ? argv[1] : "all";
  const int64_t size = argc > 2 ? std::atoll(argv[2]) : 1'000'000;
  const int threads = resolve_threads(argc > 3 ? std::atoi(argv[3]) : 0);
  std::string pattern = ((argc > 4 ? fs::path(argv[4]) : fs::temp_directory_path()) / "facerec-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return 1;
  const fs::path file = fs::path(pattern) / "matrix";
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  omp_set_num_threads(threads);
  Dl_info library{};
  dladdr(dlsym(RTLD_DEFAULT, "sgemm_"), &library);
  std::printf("%lld × %lld, %d threads, sgemm_ of %s\n", static_cast<long long>(size),
              static_cast<long long>(dimension), threads, library.dli_fname);
  write_matrix(file, size);

  std::unique_ptr<TemplateMatrix> matrix;
  std::printf("opened in %.2f ms\n", milliseconds_of([&] { matrix = std::make_unique<TemplateMatrix>(file); }));
  const std::vector<float> query = random_unit(3, 0);
  std::printf("first search in %.1f ms\n", milliseconds_of([&] { search(*matrix, query, 1, 1, threads); }));
  if (part == "all" || part == "faiss") compare_faiss(*matrix, threads);
  if (part == "all" || part == "kernels") compare_kernels(*matrix, threads);
  if (part == "all" || part == "index") compare_index(*matrix, fs::path(pattern) / "index", threads);
  fs::remove_all(pattern);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
