#include "facerec/data/synth.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "facerec/core/error.h"
#include "facerec/core/progress.h"
#include "facerec/core/stop.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {

int run_synth(const SynthVerb& verb, const CommonOptions& common) {
  const auto begin = std::chrono::steady_clock::now();
  catch_stop_signals();
  std::optional<Progress> progress;
  SynthSummary summary;
  try {
    summary = write_synthetic_set(verb.config, verb.out, verb.threads, verb.force, [&](int64_t done, int64_t total) {
      if (stop_signal() != 0) throw Error("stopped by a signal; nothing was written").file(verb.out);
      if (!progress) progress.emplace("synth", total, "images");
      progress->update(done);
    });
  } catch (const Error&) {
    if (stop_signal() != 0) return exit_signal + stop_signal();
    throw;
  }
  progress.reset();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double speed = static_cast<double>(summary.images) / seconds;
  print_answer(
      common,
      {{"out", verb.out},
       {"images", summary.images},
       {"train_identities", summary.train_identities},
       {"eval_identities", summary.eval_identities},
       {"pairs", summary.pairs},
       {"images_per_second", speed}},
      fmt::format("{}: {} images of {} identities to train on and {} to evaluate on, {} pairs; {:.0f} images/s\n",
                  verb.out, summary.images, summary.train_identities, summary.eval_identities, summary.pairs, speed));
  return exit_done;
}

}  // namespace facerec
