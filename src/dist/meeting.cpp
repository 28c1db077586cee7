#include "dist/meeting.h"

#include <fmt/format.h>

#include <string_view>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "facerec/core/error.h"

namespace facerec {
namespace {

c10::intrusive_ptr<c10d::Store> connect(const ProcessPlace& place, bool serve, std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = place.port;
  options.isServer = serve;
  options.waitWorkers = false;  // meet() can say who does not come
  options.timeout = timeout;
  auto store = c10::make_intrusive<c10d::TCPStore>(place.address, options);
  return c10::make_intrusive<c10d::PrefixStore>("facerec/" + place.attempt, std::move(store));
}

double seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000; }

std::string presence_key(int64_t rank) { return fmt::format("here/{}", rank); }

bool is_there(c10d::Store& store, int64_t rank) {
  try {
    return store.check({presence_key(rank)});
  } catch (const std::exception& error) {
    throw Error(fmt::format("the store of the processes is gone: {}", error.what()));
  }
}

}  // namespace

c10::intrusive_ptr<c10d::Store> open_store(const ProcessPlace& place, std::chrono::milliseconds timeout) {
  const bool serves = place.rank == 0 && !place.agent_has_store;
  try {
    return connect(place, serves, timeout);
  } catch (const std::exception& error) {
    const std::string_view text = error.what();
    if (serves && text.find("EADDRINUSE") != text.npos) {
      throw Error::usage(fmt::format("port {} is in use, and the processes are to meet there", place.port))
          .hint("another training runs on this machine: set MASTER_PORT (torchrun --master-port) to a free port");
    }
    if (serves) throw Error(fmt::format("the processes cannot meet at port {}: {}", place.port, text));
    throw Error(fmt::format("{} does not answer at {}:{} within {:g} s",
                            place.agent_has_store ? "torchrun's agent" : "process 0", place.address, place.port,
                            seconds(timeout)))
        .hint("has it ended? MASTER_ADDR and MASTER_PORT name its machine, which must be reachable from this one");
  }
}

c10::intrusive_ptr<c10d::Store> connect_again(const ProcessPlace& place, std::chrono::milliseconds patience,
                                              std::chrono::milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    try {
      return connect(place, /*serve=*/false, patience);
    } catch (const std::exception& error) {
      if (std::chrono::steady_clock::now() < end) continue;
      throw Error(fmt::format("the store of the processes does not answer a second time: {}", error.what()));
    }
  }
}

void meet(c10d::Store& store, const ProcessPlace& place, std::chrono::milliseconds timeout) {
  store.set(presence_key(place.rank), "");
  const auto end = std::chrono::steady_clock::now() + timeout;
  std::vector<int64_t> absent;
  for (int64_t rank = 0; rank < place.size; ++rank) absent.push_back(rank);
  for (;;) {
    std::erase_if(absent, [&](int64_t rank) { return is_there(store, rank); });
    if (absent.empty()) return;
    if (std::chrono::steady_clock::now() > end) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw Error(fmt::format("only {} of {} processes came within {:g} s: {} did not",
                          place.size - static_cast<int64_t>(absent.size()), place.size, seconds(timeout),
                          name_processes(absent)))
      .hint("their own messages say why; run.timeout allows them more time");
}

std::string name_processes(const std::vector<int64_t>& ranks) {
  if (ranks.size() == 1) return fmt::format("process {}", ranks.front());
  std::string text = "processes ";
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (i > 0) text += i + 1 == ranks.size() ? " and " : ", ";
    text += std::to_string(ranks[i]);
  }
  return text;
}

}  // namespace facerec
