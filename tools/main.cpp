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
#include "tools/commands.h"
#include "tools/version.h"

namespace facerec {
namespace {

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

int run(int argc, char** argv) {
  CLI::App app("Trains, fine-tunes, evaluates and uses face-recognition models.", "facerec");
  app.set_version_flag("--version", version_text());
  app.require_subcommand(1);
  app.get_formatter()->column_width(36);
  CommonOptions common;
  const std::vector<Command> commands = add_commands(app, common);
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
  } catch (const fs::filesystem_error& error) {
    return report(Error(error.code().message()).file(text_of(error.path1())), json);
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
