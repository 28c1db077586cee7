#include "tools/front.h"

namespace facerec {

RunVerb set_up_models(CLI::App& app) {
  auto verb = std::make_shared<ModelsVerb>();
  app.require_subcommand(1);
  CLI::App* list = app.add_subcommand("list", "what there is: licence, size, whether it is at hand and where");
  CLI::App* download = app.add_subcommand("download", "fetch weights and check them against their known SHA-256");
  for (CLI::App* command : {list, download}) command->fallthrough();  // to --json, --quiet and --verbose
  auto* names = download->add_option("names", verb->names, "as facerec models list tells them");
  download->add_flag("--all", verb->all, "all that have a source")->excludes(names);
  download->add_option("--mirror", verb->options.mirrors, "base URL or folder that is tried first; repeatable")
      ->allow_extra_args(false);
  download->add_option("--to", verb->options.store, "folder in place of the store");
  download->add_flag("--force", verb->options.force, "fetch again what is there");
  const char* const examples =
      "The store is the folder that FACEREC_MODELS names, else ~/.cache/facerec/models. A folder laid out like it, on "
      "a\n"
      "web server or a disk, is a mirror: --mirror, or FACEREC_MODELS_MIRROR with commas between several. A download "
      "that\n"
      "was cut off goes on where it ended.\n"
      "Examples:\n"
      "  facerec models list --json\n"
      "  facerec models download yunet mtcnn\n"
      "  facerec models download --all --mirror https://mirror.example/facerec --to /data/models";
  for (CLI::App* command : {&app, list, download}) command->footer(examples);
  return [verb, list](const CommonOptions& common) {
    verb->list = list->parsed();
    return library().models(*verb, common);
  };
}

}  // namespace facerec
