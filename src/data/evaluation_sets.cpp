#include <algorithm>

#include "data/cfp.h"
#include "data/evaluation_formats.h"
#include "data/path_rule.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/data/pairs.h"

namespace facerec {
namespace {

std::vector<PairSet> just(PairSet set) {
  std::vector<PairSet> sets;
  sets.push_back(std::move(set));
  return sets;
}

// The sets in `folder` and in the folders in it. An image folder may hold 100,000 folders: their own are not looked at.
std::vector<fs::path> sets_below(const fs::path& folder, int depth) {
  std::vector<fs::path> found;
  std::error_code failure, code;
  auto entry = fs::directory_iterator(folder, fs::directory_options::skip_permission_denied, failure);
  for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
    const fs::path& path = entry->path();
    if (path.filename().string().starts_with('.')) continue;
    if (is_evaluation_set(path)) {
      found.push_back(path);
    } else if (depth > 1 && entry->is_directory(code)) {
      const std::vector<fs::path> below = sets_below(path, depth - 1);
      found.insert(found.end(), below.begin(), below.end());
    }
  }
  if (failure) throw Error::usage("cannot be read: " + failure.message()).file(text_of(folder));
  std::sort(found.begin(), found.end());
  return found;
}

constexpr const char* rfw_groups[] = {"African", "Asian", "Caucasian", "Indian"};

fs::path rfw_list(const fs::path& folder, const std::string& group) {
  return folder / "txts" / group / (group + "_pairs.txt");
}

// Racial Faces in-the-Wild (Wang et al. 2019).
bool is_rfw(const fs::path& folder) {
  std::error_code code;
  return fs::is_directory(folder / "data", code) &&
         std::ranges::any_of(rfw_groups, [&](const char* group) { return fs::exists(rfw_list(folder, group), code); });
}

std::vector<PairSet> open_rfw(const fs::path& folder, const std::string& name, bool skip_missing) {
  std::vector<PairSet> sets;
  std::error_code code;
  for (const std::string group : rfw_groups) {
    if (!fs::exists(rfw_list(folder, group), code)) continue;
    sets.push_back(
        open_pairs(folder / "data" / group, rfw_list(folder, group), name + "_" + lower(group), skip_missing));
  }
  return sets;
}

std::vector<PairSet> open_set(const fs::path& path, const std::string& name, bool skip_missing,
                              const PairLabels& labels) {
  if (is_verification_pack(path)) return just(open_verification_pack(path, name));
  if (is_bcolz(path)) return just(open_bcolz(path, name));
  if (is_cfp(path)) return open_cfp(path, name, skip_missing);
  if (is_rfw(path)) return open_rfw(path, name, skip_missing);
  return just(open_pairs(path, pairs_list_in(path), name, skip_missing, labels));
}

// "a/lfw.bin" is a_lfw.
std::string name_by_path(fs::path path) {
  std::string name = path.replace_extension().string();
  std::ranges::replace(name, '/', '_');
  return name;
}

}  // namespace

fs::path pairs_list_in(const fs::path& folder) {
  std::error_code code;
  for (const char* name : {"pairs.txt", "pairs.csv"}) {
    if (fs::exists(folder / name, code)) return folder / name;
  }
  return "";
}

std::string set_name(const fs::path& path) {
  return (path.filename().empty() ? path.parent_path() : path).stem().string();
}

bool is_evaluation_set(const fs::path& path) {
  std::error_code code;
  if (!fs::is_directory(path, code)) return is_verification_pack(path);
  return is_bcolz(path) || is_cfp(path) || is_rfw(path) || !pairs_list_in(path).empty();
}

std::vector<std::string> evaluation_sets_in(const fs::path& folder) {
  std::vector<std::string> paths;
  for (const fs::path& path : sets_below(folder, 2)) paths.push_back(path.lexically_relative(folder).string());
  return paths;
}

void check_no_rules(const TrainingSetConfig& set) {
  if (!has_rule(set) && set.columns.file.empty() && set.columns.identity.empty()) return;
  throw Error::usage("label, where and columns are for training sets: an evaluation set says itself whom it compares")
      .file(set.path);
}

std::vector<PairSet> open_evaluation_sets(const fs::path& path, const fs::path& pairs, const std::string& name,
                                          bool skip_missing, const PairLabels& labels) {
  std::error_code code;
  if (!fs::exists(path, code)) throw Error::usage(code ? code.message() : "does not exist").file(text_of(path));
  const std::string own = name.empty() ? set_name(path) : name;
  if (!pairs.empty() && (is_verification_pack(path) || is_bcolz(path))) {
    throw Error::usage("has its own pairs: a list of pairs is for a folder of images")
        .file(text_of(path))
        .hint("leave out --pairs");
  }
  if (!pairs.empty()) return just(open_pairs(path, pairs, own, skip_missing, labels));
  if (is_evaluation_set(path)) return open_set(path, own, skip_missing, labels);

  std::vector<PairSet> sets;
  if (fs::is_directory(path, code)) {
    const std::vector<fs::path> found = sets_below(path, 2);
    for (const fs::path& each : found) {
      const bool is_alone = std::ranges::count(found, set_name(each), set_name) == 1;
      const std::string own_name = is_alone ? set_name(each) : name_by_path(each.lexically_relative(path));
      for (PairSet& set : open_set(each, own_name, skip_missing, labels)) sets.push_back(std::move(set));
    }
  }
  if (sets.empty()) {
    throw Error::usage("holds no evaluation set: no .bin, no bcolz folder, no images with pairs")
        .file(text_of(path))
        .hint("name the list of pairs of an image folder with --pairs FILE");
  }
  if (sets.size() == 1 && !name.empty()) sets.front().name = name;
  if (sets.size() > 1 && !name.empty()) {
    throw Error::usage("holds " + std::to_string(sets.size()) + " evaluation sets, which one name cannot tell apart")
        .file(text_of(path))
        .hint("leave out NAME=, or name one of them");
  }
  return sets;
}

}  // namespace facerec
