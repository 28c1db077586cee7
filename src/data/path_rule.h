// Who is in an image, told by its path: LabelConfig and `where`, ready for use.
#pragma once

#include <re2/re2.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "facerec/data/config.h"

namespace facerec {

// Whether a set is told whose images they are.
bool has_rule(const TrainingSetConfig& set);

// `key` names the pattern in the usage Error for one that is none, or that has no group.
std::unique_ptr<re2::RE2> compile_pattern(const std::string& key, const std::string& text);

// The number of the group of that name, else 1.
int group_called(const re2::RE2& pattern, const std::string& name);

class PathRule {
 public:
  // Throws a usage Error for two rules at once, a faulty expression, and parts in `where` that the rule does not name.
  PathRule(const LabelConfig& label, const std::map<std::string, std::string>& where);

  enum class Verdict { use, left_out, no_match };
  // `path`: below the folder of the set. `identity` is set when the image is to be used.
  Verdict judge(std::string_view path, std::string& identity) const;

 private:
  struct Filter {
    int group;
    std::unique_ptr<re2::RE2> values;
  };
  Verdict judge_level(std::string_view path, std::string& identity) const;

  int64_t level_ = 1;  // without a pattern
  std::unique_ptr<re2::RE2> pattern_;
  int identity_group_ = 1;
  std::vector<Filter> filters_;
};

}  // namespace facerec
