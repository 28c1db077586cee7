// Each process tells the store twice a second that it lives and how far it is; who falls silent is gone.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

namespace facerec {

struct Beat {
  int64_t number = 0;
  int64_t step = -1;  // as reported; −1: before the first
  int64_t calls = 0;  // of World's functions that all processes call: who has made the fewest is waited for
};

class Pulse {
 public:
  static constexpr std::chrono::milliseconds interval{500};

  // `store` is used by the pulse's thread alone. The first beat is in the store on return.
  Pulse(c10::intrusive_ptr<c10d::Store> store, int64_t rank);
  ~Pulse();
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  void set_step(int64_t step) { step_ = step; }
  void count_call() { ++calls_; }
  int64_t step() const { return step_; }

  // The store cannot be reached any more.
  bool store_is_gone() const { return store_is_gone_; }

 private:
  void beat();
  void run();

  c10::intrusive_ptr<c10d::Store> store_;
  std::string key_;
  std::atomic<int64_t> step_ = -1, calls_ = 0;
  std::atomic<bool> store_is_gone_ = false;
  int64_t number_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

// The newest beat of every process, by rank.
std::vector<Beat> read_beats(c10d::Store& store, int64_t size);

}  // namespace facerec
