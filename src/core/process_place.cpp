#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>

#include "facerec/core/error.h"
#include "facerec/core/launch.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

const char* const torchrun_remedy = "torchrun and --nproc set all of them; unset RANK and WORLD_SIZE for one process";
const char* const slurm_remedy = "srun sets it; `env -u SLURM_STEP_ID facerec …` runs one process";

// What starts the processes, and how an error about its variables is mended.
struct Starter {
  const char* remedy;

  std::string text(const std::string& name, const char* because) const {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == 0) {
      throw Error::usage(fmt::format("{} is not set in the environment, and {} is", name, because)).hint(remedy);
    }
    return value;
  }

  int64_t number(const std::string& name, const char* because, int64_t least, int64_t most) const {
    const std::string digits = text(name, because);
    int64_t value = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (code != std::errc{} || end != digits.data() + digits.size()) {
      throw Error::usage(fmt::format("{}='{}' in the environment is no number", name, printable(digits))).hint(remedy);
    }
    if (value < least || value > most) {
      throw Error::usage(fmt::format("{}={} in the environment is not in {}…{}", name, value, least, most))
          .hint(remedy);
    }
    return value;
  }
};

constexpr int64_t largest_number = std::numeric_limits<int32_t>::max();

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != 0;
}

std::string text_or(const char* name, const std::string& otherwise) {
  return is_set(name) ? std::getenv(name) : otherwise;
}

void check_rank(const Starter& from, const char* rank_name, int64_t rank, const char* size_name, int64_t size) {
  if (rank < size) return;
  throw Error::usage(
      fmt::format("{}={} in the environment, and {}={}: ranks are 0 … {}", rank_name, rank, size_name, size, size - 1))
      .hint(from.remedy);
}

ProcessPlace torchrun_place() {
  const Starter torchrun{torchrun_remedy};
  ProcessPlace place;
  place.size = torchrun.number("WORLD_SIZE", "RANK", 1, largest_number);
  place.rank = torchrun.number("RANK", "WORLD_SIZE", 0, largest_number);
  check_rank(torchrun, "RANK", place.rank, "WORLD_SIZE", place.size);
  const std::string restarts = text_or("TORCHELASTIC_RESTART_COUNT", "0");
  place.restarted = restarts != "0";
  place.attempt = text_or("TORCHELASTIC_RUN_ID", "none") + "/" + restarts;
  if (place.size == 1) return place;
  place.local_size = torchrun.number("LOCAL_WORLD_SIZE", "RANK", 1, place.size);
  place.local_rank = torchrun.number("LOCAL_RANK", "RANK", 0, largest_number);
  check_rank(torchrun, "LOCAL_RANK", place.local_rank, "LOCAL_WORLD_SIZE", place.local_size);
  place.address = torchrun.text("MASTER_ADDR", "RANK");
  place.port = static_cast<uint16_t>(torchrun.number("MASTER_PORT", "RANK", 1, 65535));
  place.agent_has_store = lower(text_or("TORCHELASTIC_USE_AGENT_STORE", "")) == "true";
  return place;
}

// Of srun: a batch script and a shell inside salloc have SLURM_PROCID and SLURM_NTASKS too, but are one process. The
// steps that those run in, where they have a number, are beyond 0xfffffff0 (SLURM_BATCH_SCRIPT,
// SLURM_INTERACTIVE_STEP).
bool in_slurm_step() {
  if (!is_set("SLURM_STEP_ID") || !is_set("SLURM_PROCID")) return false;
  return std::strtoull(std::getenv("SLURM_STEP_ID"), nullptr, 10) < 0xfffffff0ULL;
}

// "2(x3),1" → 2 for the nodes 0, 1 and 2, and 1 for node 3; none where the text does not say.
std::optional<int64_t> tasks_of_node(const std::string& text, int64_t node) {
  const char *at = text.data(), *end = text.data() + text.size();
  while (at < end) {
    int64_t tasks = 0, nodes = 1;
    const auto number = std::from_chars(at, end, tasks);
    if (number.ec != std::errc{}) return std::nullopt;
    at = number.ptr;
    if (text.compare(static_cast<size_t>(at - text.data()), 2, "(x") == 0) {
      const auto times = std::from_chars(at + 2, end, nodes);
      if (times.ec != std::errc{} || times.ptr == end || *times.ptr != ')') return std::nullopt;
      at = times.ptr + 1;
    }
    if (node < nodes) return tasks;
    node -= nodes;
    if (at < end && *at++ != ',') return std::nullopt;
  }
  return std::nullopt;
}

int64_t slurm_local_size(const Starter& slurm, int64_t size) {
  const int64_t node = is_set("SLURM_NODEID") ? slurm.number("SLURM_NODEID", "SLURM_PROCID", 0, largest_number) : 0;
  for (const char* name : {"SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"}) {
    if (!is_set(name)) continue;
    const auto tasks = tasks_of_node(std::getenv(name), node);
    if (tasks && *tasks >= 1) return *tasks;
    throw Error::usage(fmt::format("{}='{}' in the environment does not say how many tasks node {} has", name,
                                   printable(std::getenv(name)), node))
        .hint(slurm.remedy);
  }
  return slurm.number("SLURM_NTASKS_PER_NODE", "SLURM_PROCID", 1, size);
}

// The first of "node[01-04,7],b3": "node01".
std::string first_host(const std::string& hosts) {
  const size_t open = hosts.find('['), comma = hosts.find(',');
  if (comma < open) return hosts.substr(0, comma);
  if (open == hosts.npos) return hosts;
  const size_t close = hosts.find(']', open);
  if (close == hosts.npos) return "";
  const size_t first_end = hosts.find_first_of("-,]", open);
  const size_t end = hosts.find(',', close);
  return hosts.substr(0, open) + hosts.substr(open + 1, first_end - open - 1) +
         hosts.substr(close + 1, end == hosts.npos ? end : end - close - 1);
}

std::string slurm_address(const Starter& slurm) {
  if (is_set("MASTER_ADDR")) return std::getenv("MASTER_ADDR");
  const char* name = is_set("SLURM_STEP_NODELIST") ? "SLURM_STEP_NODELIST" : "SLURM_JOB_NODELIST";
  std::string host = first_host(slurm.text(name, "SLURM_PROCID"));
  if (!host.empty()) return host;
  throw Error::usage(fmt::format("{}='{}' in the environment names no host", name, printable(std::getenv(name))))
      .hint("set MASTER_ADDR to the machine of the first process");
}

ProcessPlace slurm_place() {
  const Starter slurm{slurm_remedy};
  ProcessPlace place;
  const char* size_name = is_set("SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS";
  place.size = slurm.number(size_name, "SLURM_PROCID", 1, largest_number);
  place.rank = slurm.number("SLURM_PROCID", "SLURM_STEP_ID", 0, largest_number);
  check_rank(slurm, "SLURM_PROCID", place.rank, size_name, place.size);
  const std::string restarts = text_or("SLURM_RESTART_COUNT", "0");
  place.restarted = restarts != "0";
  place.attempt = fmt::format("{}.{}/{}", text_or("SLURM_JOB_ID", "0"), std::getenv("SLURM_STEP_ID"), restarts);
  if (place.size == 1) return place;
  place.local_size = slurm_local_size(slurm, place.size);
  place.local_rank = slurm.number("SLURM_LOCALID", "SLURM_PROCID", 0, largest_number);
  check_rank(slurm, "SLURM_LOCALID", place.local_rank, "the tasks of this node", place.local_size);
  place.address = slurm_address(slurm);
  // As PyTorch Lightning chooses it: jobs of one machine differ, and all processes of a job find the same.
  const int64_t port = is_set("MASTER_PORT")
                           ? slurm.number("MASTER_PORT", "SLURM_PROCID", 1, 65535)
                           : 15000 + slurm.number("SLURM_JOB_ID", "SLURM_PROCID", 0, largest_number) % 10000;
  place.port = static_cast<uint16_t>(port);
  return place;
}

}  // namespace

ProcessPlace process_place() {
  if (is_set("RANK") || is_set("WORLD_SIZE")) return torchrun_place();
  return in_slurm_step() ? slurm_place() : ProcessPlace{};
}

}  // namespace facerec
