#include "tools/manual.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <regex>

#include "facerec/config/keys.h"
#include "facerec/core/files.h"
#include "tools/commands.h"

namespace facerec {
namespace {

const std::vector<std::pair<std::string, std::string>> exit_codes{
    {"0", "done"},
    {"1", "failed; the error on standard error names the file, the place and the remedy"},
    {"2", "wrong usage or configuration"},
    {"3", "done, but some input was left out; warnings name it"},
    {"4", "the answer is no: different people, a figure below its bound (where a command says so)"},
    {"128 + n", "stopped by signal n"}};

// "facerec runs compare"
std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : full_name(*app.get_parent()) + " " + app.get_name();
}

bool is_common(const CLI::Option& option) {
  for (const char* name : {"--help", "--json", "--quiet", "--verbose"}) {
    if (option.check_name(name)) return true;
  }
  return false;
}

std::vector<const CLI::Option*> options_of(const CLI::App& app, bool positional) {
  return app.get_options([=](const CLI::Option* option) {
    return is_shown(*option) && !is_common(*option) && option->get_positional() == positional;
  });
}

// "INT", "man|bash", "FLOAT …"
std::string value_of(const CLI::Option& option) {
  if (is_flag(option)) return "";
  const std::string type = option.get_type_name();
  const std::vector<std::string> choices = choices_of(option);
  const bool is_closed = type.find('{') != std::string::npos;
  const std::string value = is_closed ? fmt::format("{}", fmt::join(choices, "|")) : type.substr(0, type.find(':'));
  return value + (option.get_items_expected_max() > 1 && !option.get_positional() ? " …" : "");
}

std::string synopsis_of(const CLI::App& app) {
  std::string text = full_name(app);
  if (!options_of(app, false).empty()) text += " [OPTIONS]";
  for (const CLI::Option* option : options_of(app, true)) {
    std::string name = option->get_name(true);
    for (char& letter : name) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    if (option->get_items_expected_max() > 1) name += " …";
    text += option->get_required() ? " " + name : " [" + name + "]";
  }
  if (!commands_of(app).empty()) text += app.get_require_subcommand_min() > 0 ? " COMMAND …" : " [COMMAND …]";
  return text;
}

// "-q, --quiet", "--threads INT", or the name of a positional.
std::string heading_of(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true);
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  const std::string value = value_of(option);
  return fmt::format("{}{}{}", fmt::join(names, ", "), value.empty() ? "" : " ", value);
}

std::string sentence(std::string text) {
  if (text.empty()) return text;
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + ".\n\n";
}

// "text (default 0.5; 0 to 1; required)"
std::string help_of(const CLI::Option& option) {
  std::vector<std::string> notes;
  if (option.get_required() && !option.get_positional()) notes.emplace_back("required");
  const std::string standard = option.get_default_str(), type = option.get_type_name();
  if (!standard.empty() && standard != "[]" && standard != "\"\"") notes.push_back("default " + standard);
  static const std::regex range(" in \\[(.*) - (.*)\\]");
  std::smatch bounds;
  if (std::regex_search(type, bounds, range)) notes.push_back(fmt::format("{} to {}", bounds.str(1), bounds.str(2)));
  const std::string& help = option.get_description();
  return notes.empty() ? help : fmt::format("{} ({})", help, fmt::join(notes, "; "));
}

// ---- roff

// Of a line of text: what roff would take for its own.
std::string roff(const std::string& text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '\\')
      escaped += "\\e";
    else if (letter == '-')
      escaped += "\\-";
    else
      escaped += letter;
  }
  return escaped.starts_with('.') || escaped.starts_with('\'') ? "\\&" + escaped : escaped;
}

std::string roff_paragraph(const std::string& heading, const std::string& text) {
  return fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(heading), roff(text));
}

std::string roff_lines(const std::string& text) {
  std::string all = ".nf\n";
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    all += roff(text.substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return all + ".fi\n";
}

std::string roff_options(const CLI::App& app) {
  std::string text;
  for (const bool positional : {true, false}) {
    for (const CLI::Option* option : options_of(app, positional)) {
      text += roff_paragraph(heading_of(*option), help_of(*option));
    }
  }
  return text;
}

void add_subcommands(const CLI::App& app, std::string& page) {
  for (const CLI::App* command : commands_of(app)) {
    page += fmt::format(".SS {}\n{}.\n", roff(synopsis_of(*command)), roff(command->get_description()));
    page += roff_options(*command);
  }
}

void add_program(const CLI::App& app, std::string& page) {
  for (const CLI::App* command : commands_of(app)) {
    page += roff_paragraph("facerec " + command->get_name(),
                           command->get_description() + "; see facerec-" + command->get_name() + "(1)");
  }
}

// ---- Markdown

// Of a cell of a table.
std::string cell(const std::string& text) {
  std::string escaped;
  for (const char letter : text) escaped += letter == '|' ? "\\|" : std::string(1, letter);
  return escaped;
}

void add_command(const CLI::App& app, int level, std::string& text) {
  text += fmt::format("{} {}\n\n{}    {}\n\n", std::string(static_cast<size_t>(level), '#'), full_name(app),
                      sentence(app.get_description()), synopsis_of(app));
  std::string rows;
  for (const bool positional : {true, false}) {
    for (const CLI::Option* option : options_of(app, positional)) {
      rows += fmt::format("| `{}` | {} |\n", cell(heading_of(*option)), cell(help_of(*option)));
    }
  }
  if (!rows.empty()) text += "| Option | Meaning |\n| --- | --- |\n" + rows + "\n";
  // A family of subcommands has one text of examples.
  const bool is_own = level == 2 || app.get_parent()->get_footer() != app.get_footer();
  if (!app.get_footer().empty() && is_own) text += "```text\n" + app.get_footer() + "\n```\n\n";
  for (const CLI::App* command : commands_of(app)) add_command(*command, level + 1, text);
}

std::string rule_text(const Rule& rule) {
  if (!rule.choices.empty()) return fmt::format("{}", fmt::join(rule.choices, ", "));
  std::vector<std::string> bounds;
  if (rule.min) bounds.push_back(fmt::format("{} {}", rule.min_is_excluded ? ">" : "≥", *rule.min));
  if (rule.max) bounds.push_back(fmt::format("≤ {}", *rule.max));
  return fmt::format("{}", fmt::join(bounds, ", "));
}

void add_key(const ConfigKey& key, std::string& text) {
  const bool is_section = key.type == "section" || key.type == "list";
  const bool is_top = key.path.find('.') == std::string::npos;
  if (is_section && is_top) {
    text += fmt::format("\n## {}\n\n{}| Key | Default | Values | Meaning |\n| --- | --- | --- | --- |\n", key.path,
                        sentence(key.help));
    return;
  }
  if (is_section) {
    text += fmt::format("| **`{}`** | | {} | {} |\n", key.path, key.type, cell(key.help));
    return;
  }
  const std::string rule = rule_text(key.rule);
  text += fmt::format("| `{}` | {} | {} | {} |\n", key.path, key.value.empty() ? "" : "`" + cell(key.value) + "`",
                      cell(rule.empty()               ? key.type
                           : key.rule.choices.empty() ? key.type + ", " + rule
                                                      : rule),
                      cell(key.help));
}

const char* const written = "<!-- Written by `facerec manual {}`; a test compares. -->\n";

}  // namespace

std::string manual_page(const CLI::App& app) {
  const bool is_program = app.get_parent() == nullptr;
  std::string name = full_name(app);
  std::replace(name.begin(), name.end(), ' ', '-');
  std::string page = fmt::format(".TH \"{}\" 1 \"\" \"facerec {}\" \"facerec\"\n", name, FACEREC_VERSION);
  page += fmt::format(".SH NAME\n{} \\- {}\n", roff(name), roff(app.get_description()));
  page += fmt::format(".SH SYNOPSIS\n.B {}\n", roff(synopsis_of(app)));
  page += is_program ? ".SH COMMANDS\n" : ".SH OPTIONS\n";
  if (is_program) add_program(app, page);
  if (!is_program) page += roff_options(app);
  for (const CLI::Option* option : app.get_options()) {
    if (is_common(*option)) page += roff_paragraph(heading_of(*option), help_of(*option));
  }
  if (!is_program && !commands_of(app).empty()) {
    page += ".SH COMMANDS\n";
    add_subcommands(app, page);
  }
  if (!app.get_footer().empty()) page += ".SH NOTES AND EXAMPLES\n" + roff_lines(app.get_footer());
  page += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : exit_codes) page += roff_paragraph(code, meaning);
  if (!is_program) page += ".SH SEE ALSO\n.BR facerec (1)\n";
  return page;
}

std::string commands_reference(const CLI::App& app) {
  std::string text = fmt::format(fmt::runtime(written), "--commands") + "\n# Commands\n\n";
  text +=
      "`facerec COMMAND --help` says the same. Every command takes `--json` (one JSON document on standard output "
      "and nothing else there), `-q`/`--quiet`, `-v`/`--verbose` and `--help`.\n\n";
  text += "| Exit code | Meaning |\n| --- | --- |\n";
  for (const auto& [code, meaning] : exit_codes) text += fmt::format("| {} | {} |\n", code, meaning);
  text += "\n";
  for (const CLI::App* command : commands_of(app)) add_command(*command, 2, text);
  text.pop_back();
  return text;
}

std::string configuration_reference() {
  std::string text = fmt::format(fmt::runtime(written), "--configuration") + "\n# Configuration\n\n";
  text +=
      "The keys of the YAML files that `train`, `finetune`, `bench` and `info` read. Each can be set on the command "
      "line: `--set train.epochs=3`. `0` in a key stands for the index in a list. An unknown key is an error.\n\n"
      "| Key | Default | Values | Meaning |\n| --- | --- | --- | --- |\n";
  for (const ConfigKey& key : config_keys<TrainConfig>()) add_key(key, text);
  return text;
}

RunVerb set_up_manual(CLI::App& app) {
  struct Arguments {
    std::string folder;
    bool commands = false, configuration = false;
  };
  auto args = std::make_shared<Arguments>();
  CLI::Option* folder =
      app.add_option("--man", args->folder, "write the pages of all commands for man(1) to this folder");
  CLI::Option* commands =
      app.add_flag("--commands", args->commands, "print the reference of the commands, in Markdown");
  CLI::Option* configuration = app.add_flag("--configuration", args->configuration,
                                            "print the reference of the configuration's keys, in Markdown");
  folder->excludes(commands, configuration);
  commands->excludes(configuration);
  app.footer("Examples:\n  facerec manual --man ~/.local/share/man/man1\n  facerec manual --configuration | less");
  return [args, &app](const CommonOptions&) {
    const CLI::App& program = *app.get_parent();
    if (args->commands) {
      std::cout << commands_reference(program);
    } else if (args->configuration) {
      std::cout << configuration_reference();
    } else if (!args->folder.empty()) {
      make_folder(args->folder);
      write_file(fs::path(args->folder) / "facerec.1", manual_page(program));
      for (const CLI::App* command : commands_of(program)) {
        write_file(fs::path(args->folder) / ("facerec-" + command->get_name() + ".1"), manual_page(*command));
      }
    } else {
      throw Error::usage("nothing asked for").hint("--man FOLDER, --commands or --configuration");
    }
    return 0;
  };
}

}  // namespace facerec
