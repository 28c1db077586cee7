// Documentation from the declarations of the commands, their options and the configuration.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace facerec {

// A page for man(1), in roff, of a command or of the whole program.
std::string manual_page(const CLI::App& app);

// Markdown: every command with its options; every key of the configuration of train.
std::string commands_reference(const CLI::App& app);
std::string configuration_reference();

}  // namespace facerec
