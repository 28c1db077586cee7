#include "tools/train_arguments.h"

#include <fmt/format.h>

#include "facerec/config/config.h"
#include "facerec/core/error.h"

namespace facerec {

void add_train_arguments(CLI::App& app, TrainArguments& args) {
  app.add_option("config", args.config, "configuration, YAML")->required();
  app.add_option("--data", args.data, "folder of images, list, CSV, RecordIO or TFRecord; repeatable");
  app.add_option("--set", args.set,
                 "set a configuration value: train.epochs=3; head={name: cosface, margin: 0.35} replaces the whole "
                 "section; repeatable")
      ->allow_extra_args(false);
  app.add_option("--device", args.device, "auto | cpu | cuda | cuda:N");
  app.add_option("--threads", args.threads, "of the computation; 0: the cores available");
}

Node read_train_arguments(const TrainArguments& args, TrainVerb& verb) {
  std::vector<std::pair<std::string, Node>> flags;
  const auto add = [&](const std::string& flag, const std::string& value) {
    if (value.empty()) return;
    flags.emplace_back("run." + flag, argument_node(value, fmt::format("--{} {}", flag, value)));
  };
  add("device", args.device);
  add("threads", args.threads);
  add("name", args.name);
  auto [root, read, translation, expected] = read_train_config(args.config, args.set, args.data, flags);
  verb.translation = std::move(translation);
  verb.expected = expected;
  TrainConfig& config = verb.config = std::move(read);
  if (const Node* model = root.find("model")) verb.model_keys = model->keys;
  if (config.run.name.empty()) config.run.name = fs::path(args.config).stem().string();
  if (config.run.name.find('/') != std::string::npos)
    throw Error::usage("run.name cannot hold a slash: " + config.run.name);
  return root;
}

}  // namespace facerec
