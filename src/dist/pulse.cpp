#include "dist/pulse.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sstream>

namespace facerec {
namespace {

std::string pulse_key(int64_t rank) { return fmt::format("pulse/{}", rank); }

}  // namespace

Pulse::Pulse(c10::intrusive_ptr<c10d::Store> store, int64_t rank) : store_(std::move(store)), key_(pulse_key(rank)) {
  beat();
  thread_ = std::thread([this] { run(); });
}

Pulse::~Pulse() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Pulse::beat() { store_->set(key_, fmt::format("{} {} {}", ++number_, step_.load(), calls_.load())); }

void Pulse::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval, [this] { return stop_; })) {
    try {
      beat();
    } catch (const std::exception& error) {
      spdlog::debug("the store of the processes: {}", error.what());
      store_is_gone_ = true;
      return;
    }
  }
}

std::vector<Beat> read_beats(c10d::Store& store, int64_t size) {
  std::vector<std::string> keys;
  for (int64_t rank = 0; rank < size; ++rank) keys.push_back(pulse_key(rank));
  std::vector<Beat> beats;
  for (const std::vector<uint8_t>& bytes : store.multiGet(keys)) {
    std::istringstream text(std::string(bytes.begin(), bytes.end()));
    Beat& beat = beats.emplace_back();
    text >> beat.number >> beat.step >> beat.calls;
  }
  return beats;
}

}  // namespace facerec
