#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "facerec/core/error.h"
#include "facerec/core/launch.h"
#include "facerec/core/parallel.h"
#include "tools/front.h"

namespace facerec {
namespace {

std::vector<std::string> command_line() {
  std::vector<std::string> words;
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

std::vector<std::string> without_nproc(const std::vector<std::string>& words) {
  std::vector<std::string> kept;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--nproc") {
      ++i;
    } else if (!words[i].starts_with("--nproc=")) {
      kept.push_back(words[i]);
    }
  }
  return kept;
}

}  // namespace

void add_nproc(CLI::App& app, int64_t& nproc) {
  app.add_option(
         "--nproc", nproc,
         "processes on this machine that train together: on CPUs, or one a GPU. torchrun and srun start them too")
      ->check(CLI::Range(1, 1024));
}

std::optional<int> run_processes(int64_t nproc, const std::string& device) {
  if (nproc == 0) return std::nullopt;
  for (const char* name : {"RANK", "WORLD_SIZE"}) {
    if (std::getenv(name) == nullptr) continue;
    throw Error::usage(fmt::format("--nproc starts processes, and {} in the environment says that torchrun has "
                                   "started them already",
                                   name))
        .hint("leave --nproc to torchrun's --nproc-per-node, or unset RANK and WORLD_SIZE");
  }
  if (process_place().size > 1) {
    throw Error::usage("--nproc starts processes, and srun has started them already")
        .hint("leave out --nproc, or run one task: srun --ntasks 1");
  }
  if (nproc == 1) return std::nullopt;
  if (const int cores = available_cores(); nproc > cores && !device.starts_with("cuda")) {
    std::cerr << fmt::format("facerec: warning: {} processes share {} cores", nproc, cores) << std::endl;
  }
  return launch(nproc, without_nproc(command_line()));
}

}  // namespace facerec
