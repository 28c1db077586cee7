#include <fmt/format.h>

#include <map>
#include <sstream>

#include "data/views.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/data/pack.h"

namespace facerec {
namespace {

struct ExclusionLine {
  int number;
  bool used = false;
};

std::map<std::string, ExclusionLine> read_lines(const fs::path& list) {
  std::istringstream text(read_text(list));
  std::map<std::string, ExclusionLine> lines;
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.try_emplace(line, ExclusionLine{number});
  }
  return lines;
}

}  // namespace

std::shared_ptr<const Dataset> exclude(std::shared_ptr<const Dataset> data, const fs::path& list) {
  std::map<std::string, ExclusionLine> lines = read_lines(list);
  auto named = [&](const std::string& text) {
    const auto found = lines.find(text);
    if (found != lines.end()) found->second.used = true;
    return found != lines.end();
  };
  std::vector<bool> class_is_named(static_cast<size_t>(data->classes()));
  for (size_t i = 0; i < class_is_named.size(); ++i) {
    class_is_named[i] = named(data->class_name(static_cast<int64_t>(i)));
  }
  std::vector<uint32_t> kept;
  for (int64_t i = 0; i < data->size(); ++i) {
    // Each is asked, so that each line that names something counts as used.
    const bool by_path = named(data->relative_path(i)), by_name = named(data->name(i));
    if (!by_path && !by_name && !class_is_named[static_cast<size_t>(data->label(i))]) {
      kept.push_back(static_cast<uint32_t>(i));
    }
  }
  for (const auto& [text, line] : lines) {
    if (line.used) continue;
    throw Error::usage(fmt::format("line {}: no image and no identity is called '{}'", line.number, printable(text)))
        .file(text_of(list))
        .hint("an image is called as `facerec info` lists it, identity/file.jpg, an identity as its folder");
  }
  if (kept.empty()) throw Error::usage("names every image: none is left").file(text_of(list));
  return std::make_shared<SubsetDataset>(std::move(data), std::move(kept));
}

}  // namespace facerec
