#include "data/pair_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "facerec/core/error.h"

namespace facerec {
namespace {

int64_t count_repeated(std::span<const Pair> pairs) {
  std::vector<std::pair<uint32_t, uint32_t>> ends;
  ends.reserve(pairs.size());
  for (const Pair& pair : pairs) ends.emplace_back(std::minmax(pair.a, pair.b));
  std::ranges::sort(ends);
  const auto last = std::unique(ends.begin(), ends.end());
  return ends.end() - last;
}

}  // namespace

std::string PairBuilder::existing(const std::string& path, const std::string& origin) const {
  std::error_code code;
  if (fs::exists(root_ / path, code)) return path;
  if (skip_missing_) return "";
  throw Error::usage(fmt::format("named in {} but absent", origin))
      .file(text_of(root_ / path))
      .hint("--skip-missing leaves such pairs out");
}

void PairBuilder::add(const std::string& a, const std::string& b, bool same, uint16_t fold) {
  if (a.empty() || b.empty()) {
    ++set_.missing;
    return;
  }
  set_.pairs.push_back({number_of(a), number_of(b), same});
  set_.fold.push_back(fold);
}

uint32_t PairBuilder::number_of(const std::string& path) {
  const auto [found, is_new] = numbers_.try_emplace(path, static_cast<uint32_t>(paths_.size()));
  if (is_new) paths_.push_back(path);
  return found->second;
}

PairSet PairBuilder::finish(const std::string& name, const fs::path& source) {
  if (set_.pairs.empty()) {
    throw Error::usage("holds no pairs")
        .file(text_of(source))
        .hint("see `facerec eval --help` for the forms that are read");
  }
  auto folder_of = [](const std::string& path) { return fs::path(path).parent_path().string(); };
  NamedClasses classes;
  for (const std::string& path : paths_) classes.number_of(folder_of(path));
  auto images = std::make_shared<ImageFiles>(root_);
  const std::vector<uint32_t> labels = classes.add_to(*images);
  for (const std::string& path : paths_) images->add(path, labels[classes.number_of(folder_of(path))]);
  set_.repeated = count_repeated(set_.pairs);
  set_.name = name;
  set_.images = images;
  return std::move(set_);
}

}  // namespace facerec
