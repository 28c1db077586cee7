#include "recognize/in_order.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

namespace facerec {
namespace {

constexpr int64_t ahead_per_thread = 4;

class Queue {
 public:
  Queue(int64_t first, int64_t end, int threads) : next_in_(first), next_out_(first), end_(end) {
    ahead_ = ahead_per_thread * threads;
  }

  // The next group to work on; `end` when there is none, or none is wanted any more.
  int64_t next() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return stopped_ || next_in_ == end_ || next_in_ < next_out_ + ahead_; });
    return stopped_ || next_in_ == end_ ? end_ : next_in_++;
  }

  void put(int64_t group, Records records) {
    const std::lock_guard lock(mutex_);
    done_[group] = {std::move(records), nullptr};
    ready_.notify_one();
  }

  void fail(int64_t group) {
    const std::lock_guard lock(mutex_);
    done_[group] = {{}, std::current_exception()};
    ready_.notify_one();
  }

  Records take() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return done_.contains(next_out_); });
    auto [records, failure] = std::move(done_.extract(next_out_++).mapped());
    room_.notify_all();
    if (failure) std::rethrow_exception(failure);
    return std::move(records);
  }

  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    room_.notify_all();
  }

 private:
  struct Result {
    Records records;
    std::exception_ptr failure;
  };
  std::mutex mutex_;
  std::condition_variable room_, ready_;
  std::map<int64_t, Result> done_;
  int64_t next_in_, next_out_, end_, ahead_;
  bool stopped_ = false;
};

// Never throws: what goes wrong is the result of the group.
void work(Queue& queue, int64_t end, const std::function<MakeRecords()>& prepare) {
  MakeRecords make;
  for (int64_t group; (group = queue.next()) != end;) {
    try {
      if (!make) make = prepare();
      queue.put(group, make(group));
    } catch (...) {
      queue.fail(group);
    }
  }
}

}  // namespace

void make_in_order(int64_t first, int64_t end, int threads, const std::function<MakeRecords()>& prepare,
                   const std::function<bool(Records)>& take) {
  Queue queue(first, end, threads);
  std::vector<std::jthread> pool;
  struct Stop {
    Queue& queue;
    ~Stop() { queue.stop(); }
  } stop{queue};  // before the threads are waited for
  for (int64_t i = std::min<int64_t>(threads, end - first); i > 0; --i) {
    pool.emplace_back([&] { work(queue, end, prepare); });
  }
  for (int64_t group = first; group < end; ++group) {
    if (!take(queue.take())) return;
  }
}

}  // namespace facerec
