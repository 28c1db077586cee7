#include "dist/world_state.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "dist/backends.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Of the store while a fault is looked into, and of the one who serves it until the others have read what they need.
constexpr milliseconds patience{5000};
constexpr milliseconds goodbye_patience{30000};

// c10d's own waiting warns on stderr whenever it ends without success.
constexpr milliseconds poll_interval{20};

// Who gives no sign of life for so long is gone, where the others wait without a limit of their own.
constexpr milliseconds silence_limit{10000};

std::string reached(int64_t step) {
  return step < 0 ? std::string("before its first step") : fmt::format("at step {}", step);
}

std::string left_key(int64_t rank) { return fmt::format("left/{}", rank); }

// Those whose pulse does not beat. Waits for three beats at most, less when all live.
std::vector<int64_t> silent_processes(c10d::Store& store, const std::vector<Beat>& before, int64_t self) {
  std::vector<int64_t> silent;
  const auto end = Clock::now() + 3 * Pulse::interval;
  do {
    std::this_thread::sleep_for(Pulse::interval / 5);
    const std::vector<Beat> now = read_beats(store, static_cast<int64_t>(before.size()));
    silent.clear();
    for (size_t rank = 0; rank < now.size(); ++rank) {
      const auto process = static_cast<int64_t>(rank);
      if (process != self && now[rank].number == before[rank].number) silent.push_back(process);
    }
  } while (!silent.empty() && Clock::now() < end);
  return silent;
}

std::string describe_silent(const std::vector<int64_t>& silent, const std::vector<Beat>& beats, bool waited) {
  std::string text = name_processes(silent);
  const bool one = silent.size() == 1;
  text += waited ? (one ? " does not answer" : " do not answer") : (one ? " is gone" : " are gone");
  return text + fmt::format(" ({} was {})", one ? "it" : "the first of them",
                            reached(beats[static_cast<size_t>(silent.front())].step));
}

// Those who have made the fewest calls are waited for by the others.
std::string describe_laggards(const std::vector<Beat>& beats) {
  int64_t fewest = beats.front().calls, most = fewest, step = -1;
  for (const Beat& beat : beats) {
    fewest = std::min(fewest, beat.calls);
    most = std::max(most, beat.calls);
    step = std::max(step, beat.step);
  }
  if (fewest == most) return "";
  std::vector<int64_t> laggards;
  for (size_t rank = 0; rank < beats.size(); ++rank) {
    if (beats[rank].calls == fewest) laggards.push_back(static_cast<int64_t>(rank));
  }
  const int64_t behind = beats[static_cast<size_t>(laggards.front())].step;
  const std::string text = name_processes(laggards) + (laggards.size() == 1 ? " hangs " : " hang ") + reached(behind);
  return behind == step ? text : text + fmt::format(", the others are {}", reached(step));
}

}  // namespace

World::State::State(const ProcessPlace& its_place, at::Device its_device, milliseconds its_timeout)
    : place(its_place), device(its_device), timeout(its_timeout) {}

void World::State::join() {
  store = open_store(place, timeout);
  meet(*store, place, timeout);
  compare_devices();
  pulse = std::make_unique<Pulse>(connect_again(place, patience, timeout), place.rank);
  run([&] {
    const int rank = static_cast<int>(place.rank), size = static_cast<int>(place.size);
    group = c10::make_intrusive<c10d::ProcessGroup>(store, rank, size);
    group->setBackend(at::kCPU, c10d::ProcessGroup::GLOO, make_gloo(store, rank, size, timeout));
    group->setDefaultBackend(c10d::ProcessGroup::GLOO);
    if (device.is_cuda()) {
      c10::impl::getDeviceGuardImpl(device.type())->setDevice(device);
      group->setBackend(at::kCUDA, c10d::ProcessGroup::NCCL, make_nccl(store, rank, size, timeout));
    }
    group->setGroupName("facerec");
  });
}

// One that computes on the CPU would wait for the others in Gloo, and they for it in NCCL.
void World::State::compare_devices() {
  const std::string own = device.is_cuda() ? "a GPU" : "the CPU";
  store->set(fmt::format("device/{}", place.rank), own);
  for (int64_t rank = 0; rank < place.size; ++rank) {
    const std::string theirs = store->get_to_str(fmt::format("device/{}", rank));
    if (theirs == own) continue;
    throw Error::usage(fmt::format("process {} computes on {}, and process {} on {}", place.rank, own, rank, theirs))
        .hint("a GPU for each process of a machine (see nvidia-smi, CUDA_VISIBLE_DEVICES), or --device cpu for all");
  }
}

// The others learn why this one leaves them; whoever serves the store stays until they have.
World::State::~State() {
  if (!store) return;
  try {
    if (!failed && std::uncaught_exceptions() > 0) store->set(left_key(place.rank), "");
    store->set(fmt::format("goodbye/{}", place.rank), "");
  } catch (const std::exception& error) {
    spdlog::debug("leaving the other processes: {}", error.what());
    return;
  }
  if (place.rank == 0 && !place.agent_has_store) wait_for_goodbyes();
}

void World::State::wait_for_goodbyes() noexcept {
  std::vector<std::string> keys;
  for (int64_t rank = 0; rank < place.size; ++rank) keys.push_back(fmt::format("goodbye/{}", rank));
  const bool by_error = failed || std::uncaught_exceptions() > 0;
  const auto end = Clock::now() + (by_error ? 2 * Pulse::interval : std::min(timeout, goodbye_patience));
  try {
    while (!store->check(keys) && Clock::now() < end) std::this_thread::sleep_for(poll_interval);
  } catch (const std::exception& error) {
    spdlog::debug("waiting for the other processes to leave: {}", error.what());
  }
}

void World::State::begin() {
  pulse->count_call();
  if (!pulse->store_is_gone()) return;
  failed = true;
  throw Error(store_is_gone());
}

std::string World::State::store_is_gone() const {
  return fmt::format("{}, where the processes keep in touch, is gone from {}:{}",
                     place.agent_has_store ? "torchrun's agent" : "process 0", place.address, place.port);
}

void World::State::wait_for_first(const std::string& what) {
  const std::string key = fmt::format("first/{}", waits++);
  run([&] {
    if (place.rank == 0) return store->set(key, "");
    Beat heard;
    auto since = Clock::now();
    while (!store->check({key})) {
      const auto before = Clock::now();
      std::this_thread::sleep_for(poll_interval);
      if (Clock::now() - before > silence_limit / 2) since = Clock::now();  // it was this process that stood still
      const Beat beat = read_beats(*store, place.size).front();
      if (beat.number != heard.number) since = Clock::now();
      heard = beat;
      if (Clock::now() - since > silence_limit || store->check({left_key(0)})) {
        throw std::runtime_error(what + " did not end");
      }
    }
  });
}

// The first to find out tells the others, whose connections may break only because that one has left.
void World::State::explain(const std::exception& error) {
  failed = true;
  std::string text;
  try {
    store->setTimeout(patience);
    text = store->compareSet("fault", "", "");
    if (text.empty()) text = store->compareSet("fault", "", diagnosis(error.what()));
  } catch (const std::exception& store_error) {
    spdlog::debug("the store of the processes: {}", store_error.what());
    text = store_is_gone();
  }
  spdlog::debug("{}", error.what());
  throw Error(text).hint("a training that torchrun or Slurm starts again resumes from its last checkpoint");
}

std::string World::State::diagnosis(const std::string& text) {
  std::vector<int64_t> left;
  for (int64_t rank = 0; rank < place.size; ++rank) {
    if (rank != place.rank && store->check({left_key(rank)})) left.push_back(rank);
  }
  const std::vector<Beat> before = read_beats(*store, place.size);
  if (!left.empty()) {
    return fmt::format("{} ended with an error {}: see its own message", name_processes(left),
                       reached(before[static_cast<size_t>(left.front())].step));
  }
  const bool waited = text.find("Timed out") != text.npos || text.find("timed out") != text.npos;
  const std::vector<int64_t> silent = silent_processes(*store, before, place.rank);
  const std::string since =
      waited ? fmt::format("; the others have waited {:g} s", static_cast<double>(timeout.count()) / 1000) : "";
  if (!silent.empty()) return describe_silent(silent, before, waited) + since;
  const std::string laggards = waited ? describe_laggards(read_beats(*store, place.size)) : "";
  if (!laggards.empty()) return laggards + since;
  return "the processes cannot speak with one another" + since + ": " + text.substr(0, text.find('\n'));
}

}  // namespace facerec
