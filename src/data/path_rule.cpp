#include "data/path_rule.h"

#include <fmt/format.h>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

// AI Hub's K-Face: High_Resolution/19062421/S001/L1/E01/C1.jpg, with or without folders before the identity.
constexpr const char* kface_pattern =
    R"(^(?:(?:.*/)?(?P<resolution>[^/]+)/)?(?P<identity>[^/]+)/(?P<session>S[0-9]+)/(?P<light>L[0-9]+)/)"
    R"((?P<expression>E[0-9]+)/(?P<camera>C[0-9]+)\.[^./]+$)";

// RE2 before 2023 knows named groups as (?P<name>…) only.
std::string with_named_groups(std::string pattern) {
  for (size_t at = 0; (at = pattern.find("(?<", at)) != std::string::npos; ++at) {
    const char next = at + 3 < pattern.size() ? pattern[at + 3] : '=';
    const bool escaped = at > 0 && pattern[at - 1] == '\\';
    if (next != '=' && next != '!' && !escaped) pattern.insert(at + 2, "P");
  }
  return pattern;
}

std::unique_ptr<re2::RE2> compile(const std::string& key, const std::string& text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto expression = std::make_unique<re2::RE2>(with_named_groups(text), options);
  if (expression->ok()) return expression;
  throw Error::usage(fmt::format("{}: '{}' is not a regular expression: {}", key, text, expression->error()))
      .hint("the syntax is that of RE2: github.com/google/re2/wiki/Syntax");
}

}  // namespace

bool has_rule(const TrainingSetConfig& set) {
  const LabelConfig& label = set.label;
  return label.by != "folder" || label.level != 0 || !label.pattern.empty() || !set.where.empty();
}

std::unique_ptr<re2::RE2> compile_pattern(const std::string& key, const std::string& text) {
  auto pattern = compile(key, text);
  if (pattern->NumberOfCapturingGroups() > 0) return pattern;
  throw Error::usage(fmt::format("{}: '{}' has no group that is what is looked for", key, text))
      .hint("for example '([^/]+)/[^/]+$'");
}

int group_called(const re2::RE2& pattern, const std::string& name) {
  const auto& names = pattern.NamedCapturingGroups();
  const auto found = names.find(name);
  return found == names.end() ? 1 : found->second;
}

PathRule::PathRule(const LabelConfig& label, const std::map<std::string, std::string>& where) {
  const bool is_kface = label.by == "kface";
  if ((label.level != 0) + !label.pattern.empty() + is_kface > 1) {
    throw Error::usage("label: a preset, a level and a pattern exclude each other");
  }
  if (label.level != 0) level_ = label.level;
  if (is_kface || !label.pattern.empty()) {
    pattern_ = compile_pattern("label.pattern", is_kface ? kface_pattern : label.pattern);
    identity_group_ = group_called(*pattern_, "identity");
  }
  for (const auto& [name, values] : where) {
    std::vector<std::string> known;
    if (pattern_) {
      for (const auto& [group, number] : pattern_->NamedCapturingGroups()) known.push_back(group);
    }
    if (known.empty()) {
      throw Error::usage("where: the paths have no named parts")
          .hint("label: kface names them, or a label.pattern with groups like (?P<light>L[0-9]+)");
    }
    const auto& groups = pattern_->NamedCapturingGroups();
    const auto found = groups.find(name);
    if (found == groups.end()) {
      throw Error::usage(fmt::format("where: the paths have no part '{}'", name)).hint("known: " + join(known));
    }
    filters_.push_back({found->second, compile("where." + name, values)});
  }
}

PathRule::Verdict PathRule::judge_level(std::string_view path, std::string& identity) const {
  std::vector<std::string_view> folders;
  for (size_t begin = 0, slash = 0; (slash = path.find('/', begin)) != std::string_view::npos; begin = slash + 1) {
    folders.push_back(path.substr(begin, slash - begin));
  }
  const auto count = static_cast<int64_t>(folders.size());
  const int64_t index = level_ > 0 ? level_ - 1 : count + level_;
  if (index < 0 || index >= count) return Verdict::no_match;
  identity = folders[static_cast<size_t>(index)];
  return Verdict::use;
}

PathRule::Verdict PathRule::judge(std::string_view path, std::string& identity) const {
  if (!pattern_) return judge_level(path, identity);
  std::vector<re2::StringPiece> groups(static_cast<size_t>(pattern_->NumberOfCapturingGroups()) + 1);
  if (!pattern_->Match(re2::StringPiece(path.data(), path.size()), 0, path.size(), re2::RE2::UNANCHORED, groups.data(),
                       static_cast<int>(groups.size()))) {
    return Verdict::no_match;
  }
  for (const Filter& filter : filters_) {
    if (!re2::RE2::FullMatch(groups[static_cast<size_t>(filter.group)], *filter.values)) return Verdict::left_out;
  }
  const re2::StringPiece& found = groups[static_cast<size_t>(identity_group_)];
  if (found.empty()) return Verdict::no_match;
  identity.assign(found.data(), found.size());
  return Verdict::use;
}

}  // namespace facerec
