#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "tools/front.h"

namespace facerec {
namespace {

// What `train` and `finetune` take on the command line; the rest stands in the configuration.
struct Arguments {
  std::string config;
  std::vector<std::string> data, set;
  std::string device, name;
  std::optional<int64_t> threads;
  bool print_config = false;
  TrainVerb verb;
};

void add_arguments(CLI::App& app, Arguments& args) {
  app.add_option("config", args.config, "configuration, YAML")->required();
  app.add_option("--data", args.data, "training folder, one folder of images per identity; repeatable");
  app.add_option("--set", args.set, "set a configuration value: train.epochs=3; repeatable")->allow_extra_args(false);
  app.add_option("--resume", args.verb.resume,
                 "auto: continue the newest run of this name, if there is one; or a run's folder");
  app.add_option("--name", args.name, "run.name");
  app.add_option("--device", args.device, "auto | cpu | cuda | cuda:N");
  app.add_option("--threads", args.threads, "of the computation; 0: the cores available");
  app.add_flag("--strict", args.verb.strict, "stop at the first image that cannot be read");
  app.add_flag("--print-config", args.print_config, "print the resolved configuration and end");
}

void resolve(Arguments& args) {
  Node root = load_yaml(args.config);
  for (const std::string& assignment : args.set) set_value(root, assignment);
  TrainConfig& config = args.verb.config;
  read_config(root, config);
  args.verb.model_from_checkpoint = root.find("model") == nullptr;
  if (!args.data.empty()) config.data.train.clear();
  for (const std::string& path : args.data) config.data.train.push_back({path});
  if (!args.device.empty()) config.run.device = args.device;
  if (args.threads) config.run.threads = *args.threads;
  if (!args.name.empty()) config.run.name = args.name;
  if (config.run.name.empty()) config.run.name = fs::path(args.config).stem().string();
  if (config.run.name.find('/') != std::string::npos)
    throw Error::usage("run.name cannot hold a slash: " + config.run.name);
  if (!args.verb.from.empty()) config.init_from = args.verb.from;
}

int print_config(const TrainConfig& config, bool json) {
  const auto resolved = config_json(config);
  std::cout << (json ? resolved.dump(2) + "\n" : to_yaml(resolved)) << std::flush;
  return 0;
}

RunVerb runner(const std::shared_ptr<Arguments>& args) {
  return [args](const CommonOptions& common) {
    resolve(*args);
    return args->print_config ? print_config(args->verb.config, common.json) : library().train(args->verb, common);
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
  app.add_option("--from", args->verb.from, "model to start from: a run, a checkpoint or a .safetensors file")
      ->required();
  app.footer(
      "Example:\n  facerec finetune configs/finetune/my.yaml --from runs/base_2026-01-31-12-00-00 --data faces/train");
  return runner(args);
}

}  // namespace facerec
