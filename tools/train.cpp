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
  std::string device, name, threads;
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
  app.add_flag("--strict", args.verb.strict, "stop at the first image that cannot be read");
  app.add_flag("--print-config", args.verb.print_config, "print the resolved configuration and end");
}

// --data gives paths alone: what else an entry says would be lost without a word.
void refuse_to_replace(const std::vector<TrainingSetConfig>& entries) {
  for (size_t i = 0; i < entries.size(); ++i) {
    const TrainingSetConfig& entry = entries[i];
    const LabelConfig usual;
    const bool has_label =
        entry.label.by != usual.by || entry.label.level != usual.level || !entry.label.pattern.empty();
    const char* key = has_label                                                        ? "label"
                      : !entry.where.empty()                                           ? "where"
                      : entry.weight != 1                                              ? "weight"
                      : !entry.columns.file.empty() || !entry.columns.identity.empty() ? "columns"
                                                                                       : nullptr;
    if (key == nullptr) continue;
    throw Error::usage(fmt::format("--data would replace data.train.{}, whose {} would be lost", i, key))
        .hint(fmt::format("--set data.train.{}.path=PATH changes the path alone", i));
  }
}

void resolve(Arguments& args) {
  Node root = load_yaml(args.config);
  for (const std::string& assignment : args.set) set_value(root, assignment);
  // Flags are short for assignments, and obey the same rules.
  for (const auto& [key, value] : {std::pair("run.device", args.device), std::pair("run.threads", args.threads),
                                   std::pair("run.name", args.name)}) {
    if (!value.empty()) set_value(root, key + ("=" + value));
  }
  TrainConfig& config = args.verb.config;
  read_config(root, config);
  if (const Node* model = root.find("model")) args.verb.model_keys = model->keys;
  if (!args.data.empty()) refuse_to_replace(config.data.train);
  if (!args.data.empty()) config.data.train.clear();
  for (const std::string& path : args.data) config.data.train.push_back({.path = path});
  if (config.run.name.empty()) config.run.name = fs::path(args.config).stem().string();
  if (config.run.name.find('/') != std::string::npos)
    throw Error::usage("run.name cannot hold a slash: " + config.run.name);
}

RunVerb runner(const std::shared_ptr<Arguments>& args) {
  return [args](const CommonOptions& common) {
    resolve(*args);
    const TrainVerb& verb = args->verb;
    // What finetune takes from its model only the library can read.
    if (!verb.print_config || !verb.from.empty()) return library().train(verb, common);
    const auto resolved = config_json(verb.config);
    std::cout << (common.json ? to_json_text(resolved, 2) + "\n" : to_yaml(resolved)) << std::flush;
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
