#include <iostream>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "tools/arcface_tf2.h"
#include "tools/front.h"

namespace facerec {
namespace {

// What `train` and `finetune` take on the command line; the rest stands in the configuration.
struct Arguments {
  std::string config;
  std::vector<std::string> data, set;
  std::string device, name, threads;
  int64_t nproc = 0;
  TrainVerb verb;
};

void add_arguments(CLI::App& app, Arguments& args) {
  app.add_option("config", args.config, "configuration, YAML")->required();
  app.add_option("--data", args.data, "folder of images, list, CSV, RecordIO or TFRecord; repeatable");
  app.add_option("--set", args.set, "set a configuration value: train.epochs=3; repeatable")->allow_extra_args(false);
  app.add_option("--resume", args.verb.resume,
                 "auto: continue the newest run of this name, if there is one; or a run's folder; or a folder of "
                 "face.evoLVe, from which a new run goes on with backbone, head and optimizer");
  app.add_option("--name", args.name, "run.name");
  app.add_option("--device", args.device, "auto | cpu | cuda | cuda:N");
  app.add_option("--threads", args.threads, "of the computation; 0: the cores available");
  add_nproc(app, args.nproc);
  app.add_option(
         "--preset", args.verb.preset,
         "smoke: the recipe on a few synthetic faces, four steps and an evaluation, to see that all of it works")
      ->check(CLI::IsMember({"smoke"}));
  app.add_flag("--strict", args.verb.strict, "stop at the first image that cannot be read");
  app.add_flag("--print-config", args.verb.print_config, "print the resolved configuration and end");
}

Node resolve(Arguments& args) {
  // Flags are short for assignments, and obey the same rules.
  std::vector<std::string> assignments = args.set;
  for (const auto& [key, value] : {std::pair("run.device", args.device), std::pair("run.threads", args.threads),
                                   std::pair("run.name", args.name)}) {
    if (!value.empty()) assignments.push_back(key + ("=" + value));
  }
  auto [root, read, translation, expected] = read_train_config(args.config, assignments, args.data);
  args.verb.translation = std::move(translation);
  args.verb.expected = expected;
  TrainConfig& config = args.verb.config = std::move(read);
  if (const Node* model = root.find("model")) args.verb.model_keys = model->keys;
  if (config.run.name.empty()) config.run.name = fs::path(args.config).stem().string();
  if (config.run.name.find('/') != std::string::npos)
    throw Error::usage("run.name cannot hold a slash: " + config.run.name);
  return root;
}

std::string comments(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "# " + line + "\n";
  return text;
}

RunVerb runner(const std::shared_ptr<Arguments>& args) {
  return [args](const CommonOptions& common) {
    const Node root = resolve(*args);
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
