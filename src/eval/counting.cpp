#include "eval/counting.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "facerec/core/parallel.h"

namespace facerec {

RocAccumulator count_scores(int64_t blocks, int threads, const std::function<void(int64_t, RocAccumulator&)>& body) {
  RocAccumulator total;
  std::mutex mutex;
  std::atomic<int64_t> next = 0;
  const int64_t workers = std::min<int64_t>(resolve_threads(threads), blocks);
  parallel_for(workers, threads, [&](int64_t) {
    RocAccumulator counted;
    for (int64_t block = next++; block < blocks; block = next++) body(block, counted);
    const std::lock_guard lock(mutex);
    total.merge(counted);
  });
  return total;
}

void fill_figures(ComparisonFigures& figures, RocAccumulator compared, const FailedComparisons& failed) {
  if (const auto roc = compared.finish()) figures.distribution = score_distribution(*roc);
  compared.add(-1, true, failed.same);
  compared.add(-1, false, failed.different);
  fill_figures(figures, compared.finish());
}

}  // namespace facerec
