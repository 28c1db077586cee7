// The facerec binary: a thin front. It parses, helps and reads configurations by itself, and opens libfacerec.so, with
// LibTorch and all the rest, when a verb runs.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <new>
#include <nlohmann/json.hpp>
#include <string_view>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "tools/front.h"

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
};

constexpr int exit_failed = 1, exit_usage = 2;

int report(const Error& error, bool json) {
  if (json) {
    nlohmann::ordered_json body{
        {"message", error.message()}, {"hint", nullptr}, {"file", nullptr}, {"offset", nullptr}};
    if (!error.hint().empty()) body["hint"] = error.hint();
    if (!error.file().empty()) body["file"] = error.file();
    if (error.offset()) body["offset"] = *error.offset();
    std::cout << to_json_text({{"error", body}}, 2) << std::endl;
  }
  std::string text = "facerec: error: ";
  if (!error.file().empty()) text += error.file() + ": ";
  text += error.message();
  if (error.offset()) text += fmt::format(" (at byte {})", *error.offset());
  if (!error.hint().empty()) text += "\n  hint: " + error.hint();
  std::cerr << text << std::endl;
  return error.kind() == Error::Kind::usage ? exit_usage : exit_failed;
}

// CLI11 throws for --help and --version too; those end well.
int report(const CLI::App& app, const CLI::ParseError& error, bool json) {
  if (error.get_exit_code() == 0) return app.exit(error);
  return report(
      Error::usage(error.what()).hint("facerec --help lists the commands, facerec COMMAND --help its options"), json);
}

bool asks_for_json(int argc, char** argv) {
  return std::any_of(argv + 1, argv + argc, [](std::string_view word) { return word == "--json"; });
}

void add_common(CLI::App& app, CommonOptions& common) {
  app.add_flag("--json", common.json, "one JSON document on standard output and nothing else there");
  app.add_flag("-q,--quiet", common.quiet, "only warnings and errors on standard error");
  app.add_flag("-v,--verbose", common.verbose, "more on standard error");
}

int run(int argc, char** argv) {
  CLI::App app("Trains, fine-tunes, evaluates and uses face-recognition models.", "facerec");
  app.set_version_flag("--version", std::string("facerec ") + FACEREC_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(36);
  CommonOptions common;
  std::vector<std::pair<CLI::App*, RunVerb>> commands;
  for (const VerbEntry& verb : verbs) {
    CLI::App* command = app.add_subcommand(verb.name, verb.help);
    commands.emplace_back(command, verb.set_up(*command));
    add_common(*command, common);
  }
  const bool json = asks_for_json(argc, argv);
  try {
    app.parse(argc, argv);
    for (const auto& [command, run_verb] : commands) {
      if (command->parsed()) return run_verb(common);
    }
  } catch (const CLI::ParseError& error) {
    return report(app, error, json);
  } catch (const Error& error) {
    return report(error, json);
  } catch (const std::bad_alloc&) {
    return report(Error("out of memory").hint("a smaller batch size needs less"), json);
  } catch (const std::exception& error) {
    return report(Error(error.what()), json);
  }
  return 0;
}

}  // namespace
}  // namespace facerec

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // write() then fails, and the error names the file
  return facerec::run(argc, argv);
}
