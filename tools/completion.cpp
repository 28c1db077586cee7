#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "facerec/config/keys.h"
#include "tools/commands.h"

namespace facerec {
namespace {

// `complete`'s own splitting breaks words at '='; the line itself does not. Only what follows the last '=' is replaced.
constexpr const char* bash_script = R"(# bash completion of facerec: source <(facerec completion bash)
_facerec() {
  local words candidate file='' before=''
  read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
  [[ ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] && words+=('')
  local word=${words[-1]}
  [[ $word == *=* ]] && before=${word%=*}=
  COMPREPLY=()
  while IFS=$'\t' read -r candidate _; do
    if [[ $candidate == :files ]]; then file=yes; else COMPREPLY+=("${candidate#"$before"}"); fi
  done < <("${words[0]}" completion candidates -- "${words[@]:1}" 2>/dev/null)
  if [[ -n $file ]]; then compopt -o default; fi
  if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -F _facerec facerec
)";

constexpr const char* zsh_script = R"(#compdef facerec
# zsh completion of facerec: source <(facerec completion zsh), or this text as _facerec in a folder of $fpath
_facerec() {
  local candidate text file=
  local -a plain open
  while IFS=$'\t' read -r candidate text; do
    if [[ $candidate == :files ]]; then file=yes
    elif [[ $candidate == *= ]]; then open+=("${candidate//:/\\:}:$text")
    else plain+=("${candidate//:/\\:}:$text")
    fi
  done < <($words[1] completion candidates -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#plain )) && _describe facerec plain
  (( $#open )) && _describe facerec open -S ''
  [[ -n $file ]] && _files
  return 0
}
if [[ $funcstack[1] == _facerec ]]; then _facerec "$@"; else compdef _facerec facerec; fi
)";

constexpr const char* fish_script = R"(# fish completion of facerec: facerec completion fish | source
function __facerec_candidates
  set -l words (commandline -opc)
  set -l word (commandline -ct)
  for line in ($words[1] completion candidates -- $words[2..-1] "$word" 2>/dev/null)
    if test "$line" = ":files"
      __fish_complete_path "$word"
    else
      echo $line
    end
  end
end
complete -c facerec -f -a '(__facerec_candidates)'
)";

class Candidates {
 public:
  explicit Candidates(std::string typed) : typed_(std::move(typed)) {}

  void add(const std::string& word, const std::string& help) {
    if (word.starts_with(typed_)) text_ += word + "\t" + help.substr(0, help.find('\n')) + "\n";
  }
  void add_files() { text_ += ":files\n"; }
  const std::string& typed() const { return typed_; }
  const std::string& text() const { return text_; }

 private:
  std::string typed_, text_;
};

void add_assignments(const std::string& before, Candidates& candidates) {
  for (const ConfigKey& key : config_keys<TrainConfig>()) {
    if (key.type == "section" || key.type == "list") continue;
    const std::string start = before + key.path + "=";
    if (!candidates.typed().starts_with(start)) {
      candidates.add(start, key.help);
      continue;
    }
    if (key.type == "true or false") {
      for (const char* value : {"true", "false"}) candidates.add(start + value, key.help);
    }
    for (const std::string& choice : key.rule.choices) candidates.add(start + choice, key.help);
  }
}

// `before`: "--option=" where the value is written so.
void add_values(const CLI::Option& option, const std::string& before, Candidates& candidates) {
  if (option.get_lnames() == std::vector<std::string>{"set"}) return add_assignments(before, candidates);
  const std::vector<std::string> choices = choices_of(option);
  for (const std::string& choice : choices) candidates.add(before + choice, "");
  if (choices.empty() && option.get_type_name().starts_with("TEXT")) candidates.add_files();
}

void add_options(const CLI::App& app, Candidates& candidates) {
  for (const CLI::Option* option : app.get_options()) {
    if (!is_shown(*option)) continue;
    for (const std::string& name : option->get_lnames()) candidates.add("--" + name, option->get_description());
  }
  if (app.get_fallthrough() && app.get_parent() != nullptr) add_options(*app.get_parent(), candidates);
}

const CLI::Option* option_named(const CLI::App& app, const std::string& name) {
  for (const CLI::App* level = &app; level != nullptr;
       level = level->get_fallthrough() ? level->get_parent() : nullptr) {
    for (const CLI::Option* option : level->get_options()) {
      if (option->check_name(name)) return option;
    }
  }
  return nullptr;
}

// What the words before the last one leave to be completed.
struct Place {
  const CLI::App* app;
  const CLI::Option* option = nullptr;  // whose value may come next
  bool option_is_open = false;          // it has no value yet
  size_t positionals = 0;               // that are there

  void take(const std::string& word) {
    if (word.size() > 1 && word.starts_with('-')) {
      const CLI::Option* named = option_named(*app, word.substr(0, word.find('=')));
      const bool wants_value = named != nullptr && !is_flag(*named) && word.find('=') == std::string::npos;
      option = wants_value ? named : nullptr;
      option_is_open = wants_value;
      return;
    }
    if (option != nullptr && (option_is_open || option->get_items_expected_max() > 1)) {
      option_is_open = false;
      return;
    }
    for (const CLI::App* command : commands_of(*app)) {
      if (command->get_name() != word) continue;
      app = command;
      option = nullptr;
      return;
    }
    ++positionals;
  }
};

}  // namespace

std::string completions(const CLI::App& app, const std::vector<std::string>& words) {
  Place place{&app};
  for (size_t i = 0; i + 1 < words.size(); ++i) place.take(words[i]);
  Candidates candidates(words.empty() ? "" : words.back());
  const std::string& typed = candidates.typed();
  if (place.option != nullptr && (place.option_is_open || !typed.starts_with('-'))) {
    add_values(*place.option, "", candidates);
    return candidates.text();
  }
  if (const size_t end = typed.find('='); typed.starts_with("--") && end != std::string::npos) {
    const CLI::Option* option = option_named(*place.app, typed.substr(0, end));
    if (option != nullptr && !is_flag(*option)) add_values(*option, typed.substr(0, end + 1), candidates);
    return candidates.text();
  }
  if (typed.starts_with('-')) {
    add_options(*place.app, candidates);
    return candidates.text();
  }
  for (const CLI::App* command : commands_of(*place.app))
    candidates.add(command->get_name(), command->get_description());
  const std::vector<const CLI::Option*> positionals =
      place.app->get_options([](const CLI::Option* option) { return option->get_positional(); });
  if (!positionals.empty()) {
    add_values(*positionals[std::min(place.positionals, positionals.size() - 1)], "", candidates);
  }
  return candidates.text();
}

RunVerb set_up_completion(CLI::App& app) {
  struct Arguments {
    std::string shell;
    std::vector<std::string> words;
  };
  auto args = std::make_shared<Arguments>();
  app.add_option("shell", args->shell, "whose script to print")->check(CLI::IsMember({"bash", "zsh", "fish"}));
  CLI::App* candidates = app.add_subcommand("candidates", "what can follow these words")->group("");
  candidates->add_option("words", args->words, "of the command line after facerec; the last is completed");
  app.footer(
      "Commands, options, the values that an option takes and the keys of --set are completed.\n"
      "Examples:\n"
      "  facerec completion fish > ~/.config/fish/completions/facerec.fish\n"
      "  source <(facerec completion bash)        in ~/.bashrc; zsh likewise in ~/.zshrc, after compinit");
  return [args, &app, candidates](const CommonOptions&) {
    if (candidates->parsed()) {
      std::cout << completions(*app.get_parent(), args->words);
      return 0;
    }
    if (args->shell.empty()) throw CLI::RequiredError("shell");
    std::cout << (args->shell == "bash" ? bash_script : args->shell == "zsh" ? zsh_script : fish_script);
    return 0;
  };
}

}  // namespace facerec
