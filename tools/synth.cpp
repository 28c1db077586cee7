#include "tools/bind.h"
#include "tools/front.h"

namespace facerec {

RunVerb set_up_synth(CLI::App& app) {
  auto verb = std::make_shared<SynthVerb>();
  app.add_option("out", verb->out, "folder to write: train/, eval/ with pairs.txt, and attributes of every image")
      ->required();
  bind_flags(app, verb->config);
  app.add_option("--threads", verb->threads, "0: the cores available")->check(CLI::Range(0, 1024));
  app.add_flag("--force", verb->force, "replace what an earlier call wrote");
  app.footer(
      "Example:\n  facerec synth faces --identities 800 --images-per-identity 14 --size 112 --seed 1 --pairs 6000");
  return [verb](const CommonOptions& common) { return library().synth(*verb, common); };
}

}  // namespace facerec
