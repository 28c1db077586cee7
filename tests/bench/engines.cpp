// Images a second of every engine on this CPU, by precision and batch: those of the fastest batch, which others on the
// machine disturbed the least. The engines take turns.
//
//     engines MODEL SECONDS THREADS BATCH…
//
// MODEL is a file, or the name of an architecture, which then has random weights. engines_peer.py runs it beside ONNX
// Runtime.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "facerec/core/error.h"
#include "facerec/infer/engine.h"
#include "facerec/model/backbone.h"

namespace {

using namespace facerec;
using Clock = std::chrono::steady_clock;

struct Candidate {
  std::string name;
  std::unique_ptr<Engine> engine;
  std::vector<double> seconds = {};
};

std::unique_ptr<Engine> open(const std::string& model, const EngineOptions& options) {
  if (fs::exists(model)) return open_engine(model, options);
  return untrained_engine(spec_of({.name = model}), options);
}

std::vector<Candidate> candidates(const std::string& model, int threads) {
  std::vector<Candidate> all;
  for (const char* engine : {"libtorch", "openvino"}) {
    for (const char* precision : {"fp32", "bf16"}) {
      EngineOptions options{.device = "cpu", .precision = precision, .threads = threads};
      options.engine = engine;
      const auto begin = Clock::now();
      all.push_back({fmt::format("{}_{}", engine, precision), open(model, options)});
      const std::chrono::duration<double> took = Clock::now() - begin;
      fmt::print(stderr, "{} opened in {:.2f} s\n", all.back().name, took.count());
    }
  }
  return all;
}

void time(std::vector<Candidate>& all, int64_t batch, double limit) {
  const Preprocess& image = all[0].engine->spec().preprocess;
  std::vector<uint8_t> pixels(static_cast<size_t>(batch) * static_cast<size_t>(image.width * image.height * 3));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 31 % 251);
  std::vector<float> out(static_cast<size_t>(batch * all[0].engine->spec().embedding_size));
  for (Candidate& each : all) each.seconds.clear();
  const auto start = Clock::now();
  for (int round = 0; round < 3 || Clock::now() - start < std::chrono::duration<double>(limit); ++round) {
    for (Candidate& each : all) {
      const auto begin = Clock::now();
      each.engine->embed(pixels, batch, out);
      if (round > 0) each.seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    }
  }
}

int run(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("engines MODEL SECONDS THREADS BATCH…\n", stderr);
    return 2;
  }
  std::vector<Candidate> all = candidates(argv[1], std::atoi(argv[3]));
  for (int i = 4; i < argc; ++i) {
    const int64_t batch = std::atoi(argv[i]);
    time(all, batch, std::atof(argv[2]));
    fmt::print("{} batch {}", argv[1], batch);
    for (Candidate& each : all) {
      const double fastest = *std::min_element(each.seconds.begin(), each.seconds.end());
      fmt::print(" {} {:.1f}", each.name, static_cast<double>(batch) / fastest);
    }
    fmt::print("\n");
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
