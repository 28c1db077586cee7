#include "tools/commands.h"

#include <regex>

namespace facerec {
namespace {

struct VerbEntry {
  const char* name;
  const char* help;
  RunVerb (*set_up)(CLI::App&);
};

constexpr VerbEntry verbs[] = {
    {"synth", "procedural identities: a stand-in data set that needs no download", set_up_synth},
    {"align", "photographs to crops of their faces: detection, five landmarks, similarity", set_up_align},
    {"pack", "a data set from one form into another", set_up_pack},
    {"train", "train a model from a configuration", set_up_train},
    {"finetune", "train on from a model, and compare it before and after", set_up_finetune},
    {"runs", "what was trained, how far and how well; two runs compared", set_up_runs},
    {"eval", "benchmarks: verification, templates, identification; before and after; a report", set_up_eval},
    {"embed", "images to a file of embeddings: folders, lists, data sets of any size", set_up_embed},
    {"verify", "are two pictures of the same person? similarity, decision and what the threshold rests on",
     set_up_verify},
    {"calibrate", "thresholds for a wanted rate of false matches, with confidence intervals", set_up_calibrate},
    {"enroll", "pictures of known people into a gallery; list, remove, rename, export them", set_up_enroll},
    {"identify", "who is in a picture: its faces against a gallery, strangers unknown", set_up_identify},
    {"info", "what is this file or folder: checkpoint, run, data set, gallery", set_up_info},
    {"export", "a model as .safetensors, .pth or .onnx, for others to use", set_up_export},
    {"bench", "how fast a training runs here, and what its time and memory go into", set_up_bench},
    {"models", "published weights of the face detectors: list, download", set_up_models},
    {"doctor", "what this machine has for facerec, what it lacks, and how to mend that", set_up_doctor},
    {"completion", "shell completion: for bash, zsh or fish", set_up_completion},
    {"manual", "manual pages and reference, written from the declarations of the options", set_up_manual},
};

void add_common(CLI::App& app, CommonOptions& common) {
  app.add_flag("--json", common.json, "one JSON document on standard output and nothing else there");
  app.add_flag("-q,--quiet", common.quiet, "only warnings and errors on standard error");
  app.add_flag("-v,--verbose", common.verbose, "more on standard error");
}

std::vector<std::string> split(const std::string& text, const std::regex& separator) {
  return {std::sregex_token_iterator(text.begin(), text.end(), separator, -1), std::sregex_token_iterator()};
}

}  // namespace

std::vector<Command> add_commands(CLI::App& app, CommonOptions& common) {
  std::vector<Command> commands;
  for (const VerbEntry& verb : verbs) {
    CLI::App* command = app.add_subcommand(verb.name, verb.help);
    commands.push_back({command, verb.set_up(*command)});
    add_common(*command, common);
  }
  return commands;
}

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

bool is_shown(const CLI::Option& option) { return !option.get_group().empty(); }

std::vector<std::string> choices_of(const CLI::Option& option) {
  static const std::regex comma(","), bar(" \\| ");
  // What CLI::IsMember adds to the type's name.
  const std::string type = option.get_type_name();
  const size_t open = type.find('{'), close = type.rfind('}');
  if (open != std::string::npos && close != std::string::npos && open < close) {
    return split(type.substr(open + 1, close - open - 1), comma);
  }
  static const std::regex listed("^((?:[a-z0-9_.:-]+ \\| )+[a-zA-Z0-9_.-]+)(?=$|[ ,:;])");
  std::smatch found;
  const std::string& help = option.get_description();
  if (!std::regex_search(help, found, listed)) return {};
  return split(found[1], bar);
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

}  // namespace facerec
