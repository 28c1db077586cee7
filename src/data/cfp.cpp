#include "data/cfp.h"

#include <fmt/format.h>

#include <algorithm>

#include "data/pair_builder.h"
#include "data/word_lines.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

Error bad_form(const fs::path& file, int64_t line, const char* form) {
  return bad_line(file, line, fmt::format("not of the form `{}`", form));
}

// The paths of a list, in the order of their numbers, which count from 1; below `folder`.
std::vector<std::string> read_list(const fs::path& folder, const fs::path& file) {
  std::vector<std::string> paths;
  for_word_lines(file, [&](int64_t line, Words words) {
    uint32_t number = 0;
    if (words.size() != 2 || !parse_number(words[0], number) || number != paths.size() + 1) {
      throw bad_form(file, line, "number path");
    }
    paths.push_back((folder / "Protocol" / words[1]).lexically_normal().lexically_relative(folder).string());
  });
  return paths;
}

const std::string& path_at(const std::vector<std::string>& paths, std::string_view number, const fs::path& file,
                           int64_t line) {
  uint32_t value = 0;
  if (!parse_number(number, value) || value == 0 || value > paths.size()) throw bad_form(file, line, "i,j");
  return paths[value - 1];
}

std::vector<fs::path> splits_in(const fs::path& folder) {
  std::vector<fs::path> splits;
  std::error_code failure, code;
  auto entry = fs::directory_iterator(folder, failure);
  for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
    if (entry->is_directory(code)) splits.push_back(entry->path());
  }
  if (failure) throw Error::usage("cannot be read: " + failure.message()).file(text_of(folder));
  std::sort(splits.begin(), splits.end());
  return splits;
}

PairSet open_protocol(const fs::path& folder, const char* protocol, const std::vector<std::string>& first,
                      const std::vector<std::string>& second, const std::string& name, bool skip_missing) {
  PairBuilder pairs(folder, skip_missing);
  const fs::path split = folder / "Protocol/Split" / protocol;
  uint16_t fold = 0;
  for (const fs::path& part : splits_in(split)) {
    for (const bool same : {true, false}) {
      const fs::path file = part / (same ? "same.txt" : "diff.txt");
      for_word_lines(file, [&](int64_t line, Words words) {
        const std::string_view numbers = words[0];
        const size_t comma = numbers.find(',');
        if (words.size() != 1 || comma == std::string_view::npos) throw bad_form(file, line, "i,j");
        const std::string origin = fmt::format("line {} of {}", line, text_of(file));
        pairs.add(pairs.existing(path_at(first, numbers.substr(0, comma), file, line), origin),
                  pairs.existing(path_at(second, numbers.substr(comma + 1), file, line), origin), same, fold);
      });
    }
    ++fold;
  }
  return pairs.finish(name, split);
}

}  // namespace

bool is_cfp(const fs::path& folder) {
  std::error_code code;
  return fs::exists(folder / "Protocol/Pair_list_F.txt", code) && fs::is_directory(folder / "Protocol/Split", code);
}

std::vector<PairSet> open_cfp(const fs::path& folder, const std::string& name, bool skip_missing) {
  const std::vector<std::string> frontal = read_list(folder, folder / "Protocol/Pair_list_F.txt");
  const std::vector<std::string> profile = read_list(folder, folder / "Protocol/Pair_list_P.txt");
  std::vector<PairSet> sets;
  sets.push_back(open_protocol(folder, "FF", frontal, frontal, name + "_ff", skip_missing));
  sets.push_back(open_protocol(folder, "FP", frontal, profile, name + "_fp", skip_missing));
  return sets;
}

}  // namespace facerec
