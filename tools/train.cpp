#include <iostream>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "tools/train_arguments.h"

namespace facerec {
namespace {

struct Arguments {
  TrainArguments train;
  int64_t nproc = 0;
  TrainVerb verb;
};

void add_arguments(CLI::App& app, Arguments& args) {
  add_train_arguments(app, args.train);
  app.add_option("--resume", args.verb.resume,
                 "auto: continue the newest run of this name, if there is one; or a run's folder; or a folder of "
                 "face.evoLVe, from which a new run goes on with backbone, head and optimizer");
  app.add_option("--name", args.train.name, "run.name");
  add_nproc(app, args.nproc);
  app.add_option(
         "--preset", args.verb.preset,
         "smoke: the recipe on a few synthetic faces, four steps and an evaluation, to see that all of it works")
      ->check(CLI::IsMember({"smoke"}));
  app.add_flag("--strict", args.verb.strict, "stop at the first image that cannot be read");
  app.add_flag("--print-config", args.verb.print_config, "print the configuration with all of its keys and end; paths in it are not looked up");
}

std::string comments(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "# " + line + "\n";
  return text;
}

RunVerb runner(const std::shared_ptr<Arguments>& args) {
  return [args](const CommonOptions& common) {
    const Node root = read_train_arguments(args->train, args->verb);
    const TrainVerb& verb = args->verb;
    // What finetune takes from its model only the library can read.
    if (!verb.print_config || !verb.from.empty() || !verb.preset.empty()) {
      const int64_t nproc = verb.print_config ? 0 : args->nproc;
      if (const auto code = run_processes(nproc, verb.config.run.device)) return *code;
      try {
        return library().train(verb, common);
      } catch (const Error& error) {
        throw located(error, root);
      }
    }
    const auto resolved = config_json(verb.config);
    std::cout << (common.json ? to_json_text(resolved, 2) + "\n" : comments(verb.translation) + to_yaml(resolved))
              << std::flush;
    return 0;
  };
}

}  // namespace

RunVerb set_up_train(CLI::App& app) {
  auto args = std::make_shared<Arguments>();
  add_arguments(app, *args);
  app.footer("Example:\n  facerec train configs/train/my.yaml --data faces/train --set train.epochs=10 --resume auto");
  return runner(args);
}

RunVerb set_up_finetune(CLI::App& app) {
  auto args = std::make_shared<Arguments>();
  add_arguments(app, *args);
  app.add_option("--from", args->verb.from,
                 "model to start from: a run, a checkpoint, a .safetensors, .pth, .pt or .ckpt file, or a folder of "
                 "face.evoLVe, whose head and optimizer are taken up where they fit")
      ->required();
  add_model_options(app, args->verb.model_options);
  app.footer(
      "Example:\n  facerec finetune configs/finetune/my.yaml --from runs/base_2026-01-31-12-00-00 --data faces/train");
  return runner(args);
}

}  // namespace facerec
