#include "train/bad_inputs.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "facerec/config/config.h"

namespace facerec {
namespace {

std::string line_of(const BadInput& input) { return input.name + "\t" + input.reason; }

std::set<std::string> lines_in(const fs::path& file) {
  std::set<std::string> lines;
  if (!fs::exists(file)) return lines;
  std::istringstream text(read_text(file));
  for (std::string line; std::getline(text, line);) {
    if (line.find('\t') != std::string::npos) lines.insert(line);  // not "… and 12 more"
  }
  return lines;
}

}  // namespace

int64_t write_bad_inputs(const fs::path& run, const Problems& left_out, const std::vector<BadInput>& met,
                         const World& world) {
  const fs::path path = run / "bad_inputs.txt";
  std::set<std::string> lines = lines_in(path);
  for (const BadInput& input : left_out.list()) lines.insert(line_of(input));
  nlohmann::json own = nlohmann::json::array();
  for (const BadInput& input : met) own.push_back(line_of(input));
  for (const std::string& told : world.exchange(to_json_text(own))) {
    lines.merge(nlohmann::json::parse(told).get<std::set<std::string>>());
  }
  const int64_t unlisted = left_out.count() - static_cast<int64_t>(left_out.list().size());
  const int64_t count = static_cast<int64_t>(lines.size()) + unlisted;
  if (lines.empty() || !world.is_first()) return count;
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  if (unlisted > 0) text += fmt::format("… and {} more\n", unlisted);
  write_file(path, text);
  return count;
}

}  // namespace facerec
