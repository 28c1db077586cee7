// The tree of commands and options, declared once: what is parsed, helped with, completed and documented.
#pragma once

#include "tools/front.h"

namespace facerec {

struct Command {
  CLI::App* app;
  RunVerb run;
};

// Adds every command to `app`, with the options that all of them have.
std::vector<Command> add_commands(CLI::App& app, CommonOptions& common);

// What can stand in the place of the last of `words`, which follow `facerec` on a command line: "candidate\thelp" a
// line, and ":files" where a file's name can.
std::string completions(const CLI::App& app, const std::vector<std::string>& words);

// ---- Of one option

bool is_flag(const CLI::Option& option);
bool is_shown(const CLI::Option& option);  // in help
// The words that its value is one of, as its check or its help ("auto | cpu | cuda") names them; empty: anything else.
std::vector<std::string> choices_of(const CLI::Option& option);
// The command's own subcommands, in the order of declaration.
std::vector<const CLI::App*> commands_of(const CLI::App& app);

}  // namespace facerec
