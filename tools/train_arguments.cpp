#include "tools/train_arguments.h"

#include "facerec/config/config.h"
#include "facerec/core/error.h"

namespace facerec {

void add_train_arguments(CLI::App& app, TrainArguments& args) {
  app.add_option("config", args.config, "configuration, YAML")->required();
  app.add_option("--data", args.data, "folder of images, list, CSV, RecordIO or TFRecord; repeatable");
  app.add_option("--set", args.set, "set a configuration value: train.epochs=3; repeatable")->allow_extra_args(false);
  app.add_option("--device", args.device, "auto | cpu | cuda | cuda:N");
  app.add_option("--threads", args.threads, "of the computation; 0: the cores available");
}

Node read_train_arguments(const TrainArguments& args, TrainVerb& verb) {
  // Flags are short for assignments, and obey the same rules.
  std::vector<std::string> assignments = args.set;
  for (const auto& [key, value] : {std::pair("run.device", args.device), std::pair("run.threads", args.threads),
                                   std::pair("run.name", args.name)}) {
    if (!value.empty()) assignments.push_back(key + ("=" + value));
  }
  auto [root, read, translation, expected] = read_train_config(args.config, assignments, args.data);
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
