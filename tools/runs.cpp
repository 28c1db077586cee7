#include "tools/front.h"

namespace facerec {

RunVerb set_up_runs(CLI::App& app) {
  auto verb = std::make_shared<RunsVerb>();
  app.require_subcommand(0, 1);
  app.add_option("--dir", verb->dir, "folder that holds the runs")->capture_default_str();
  app.add_option("--name", verb->name, "list only runs of this run.name");
  CLI::App* list = app.add_subcommand("list", "what was trained, how far and how well, newest first; the default");
  CLI::App* compare = app.add_subcommand("compare", "in what the configurations and figures of runs differ");
  for (CLI::App* command : {list, compare}) command->fallthrough();  // to --dir, --json, --quiet and --verbose
  compare
      ->add_option("runs", verb->compare,
                   "folders, or the name or the end of the folder of runs in --dir; differences are to the first")
      ->required()
      ->expected(2, 100);
  const char* const examples =
      "Examples:\n"
      "  facerec runs\n"
      "  facerec runs --dir experiments --name my --json\n"
      "  facerec runs compare my_2026-01-31-12-00-00 my_2026-02-01-08-30-00";
  for (CLI::App* command : {&app, list, compare}) command->footer(examples);
  return [verb](const CommonOptions& common) { return library().runs(*verb, common); };
}

}  // namespace facerec
