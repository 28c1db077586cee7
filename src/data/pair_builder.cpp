#include "data/pair_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <tuple>

#include "facerec/core/error.h"

namespace facerec {
namespace {

// How many pairs are there more than once. Throws for one that is there as same and as different.
int64_t count_repeated(std::span<const Pair> pairs, std::span<const std::string> paths, const fs::path& source) {
  std::vector<std::tuple<uint32_t, uint32_t, bool>> ends;
  ends.reserve(pairs.size());
  for (const Pair& pair : pairs) ends.emplace_back(std::min(pair.a, pair.b), std::max(pair.a, pair.b), pair.same);
  std::ranges::sort(ends);
  int64_t repeated = 0;
  for (size_t i = 1; i < ends.size(); ++i) {
    const auto& [a, b, same] = ends[i];
    if (a != std::get<0>(ends[i - 1]) || b != std::get<1>(ends[i - 1])) continue;
    ++repeated;
    if (same == std::get<2>(ends[i - 1])) continue;
    throw Error::usage(fmt::format("{} and {} are there as the same person and as different ones", paths[a], paths[b]))
        .file(text_of(source));
  }
  return repeated;
}

}  // namespace

std::string PairBuilder::existing(const std::string& path, const std::string& origin) const {
  std::error_code code;
  if (fs::exists(root_ / path, code)) return path;
  if (skip_missing_) return "";
  throw Error::usage(fmt::format("named in {} but absent", origin))
      .file(text_of(root_ / path))
      .hint("--skip-missing leaves such entries out");
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
  set_.repeated = count_repeated(set_.pairs, paths_, source);
  set_.name = name;
  set_.images = images;
  return std::move(set_);
}

}  // namespace facerec
