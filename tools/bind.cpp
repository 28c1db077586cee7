#include "tools/bind.h"

#include <string>

namespace facerec {
namespace {

std::string flag_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return "--" + name;
}

std::string range_text(double bound) {
  std::string text = std::to_string(bound);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

template <class Number>
void add_range(CLI::Option& option, const Rule& rule) {
  if (!rule.min && !rule.max) return;
  option.check([rule](const std::string& text) {
    Number number{};
    if (!CLI::detail::lexical_cast(text, number)) return std::string();  // the conversion reports it
    const auto value = static_cast<double>(number);
    const bool low = rule.min && (rule.min_is_excluded ? value <= *rule.min : value < *rule.min);
    if (!low && !(rule.max && value > *rule.max)) return std::string();
    std::string wanted;
    if (rule.min) wanted = (rule.min_is_excluded ? "above " : "at least ") + range_text(*rule.min);
    if (rule.max) wanted += (wanted.empty() ? "at most " : " and at most ") + range_text(*rule.max);
    return text + " is out of range, must be " + wanted;
  });
}

struct AddOption {
  CLI::App& app;
  const FieldInfo& info;

  void operator()(bool* value) const { app.add_flag(flag_of(info.name), *value, info.help); }
  template <class Value>
  void operator()(Value* value) const {
    if constexpr (requires { typename Value::mapped_type; }) {
      return;  // maps are for files
    } else {
      CLI::Option* option = app.add_option(flag_of(info.name), *value, info.help)->capture_default_str();
      if constexpr (std::is_arithmetic_v<Value>) add_range<Value>(*option, info.rule);
      if (!info.rule.choices.empty()) option->check(CLI::IsMember(info.rule.choices));
    }
  }
};

}  // namespace

void FlagBinder::leaf(const FieldInfo& info, FieldValue value) { std::visit(AddOption{app_, info}, value); }

}  // namespace facerec
