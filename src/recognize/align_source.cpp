#include "recognize/align_source.h"

#include <fmt/format.h>

#include <unordered_map>

#include "facerec/core/error.h"

namespace facerec {

bool needs_identity(const std::string& format) {
  return format == "list" || format == "recordio" || format == "tfrecord";
}

namespace {

bool holds_pairs(const std::string& format) { return format == "bin" || format == "bcolz"; }

std::string plain_path(const std::string& name) { return fs::path(name).lexically_normal().string(); }

// The pairs of `set`, as of the images of `tree`, which holds them all.
PairSet renumbered(const PairSet& set, const Dataset& tree, const fs::path& list) {
  std::unordered_map<std::string, uint32_t> wanted;
  for (int64_t i = 0; i < set.images->size(); ++i) wanted.emplace(plain_path(set.images->name(i)), UINT32_MAX);
  for (int64_t i = 0; i < tree.size(); ++i) {
    const auto found = wanted.find(plain_path(tree.name(i)));
    if (found != wanted.end()) found->second = static_cast<uint32_t>(i);
  }
  auto number = [&](uint32_t image) {
    const std::string name = set.images->name(image);
    const uint32_t found = wanted.at(plain_path(name));
    if (found == UINT32_MAX) throw Error::usage("names what is no image of the set: " + name).file(text_of(list));
    return found;
  };
  PairSet result{set.name, nullptr, {}, set.fold, set.missing};
  for (const Pair& pair : set.pairs) result.pairs.push_back({number(pair.a), number(pair.b), pair.same});
  return result;
}

// A set whose images are nothing but those of its pairs.
AlignSource source_of(PairSet set) {
  AlignSource source{set.images, "", {}, "", "", Problems()};
  source.pairs = std::move(set);
  return source;
}

PairSet one_set(const AlignInput& input, bool skip_missing) {
  check_no_rules(input.set);
  const fs::path path = path_of(input);
  std::vector<PairSet> sets = open_evaluation_sets(path, input.pairs, "", skip_missing);
  if (sets.size() == 1) return std::move(sets.front());
  throw Error::usage(fmt::format("holds {} evaluation sets", sets.size()))
      .file(text_of(path))
      .hint("name one of them, or align all of it --to folder");
}

AlignSource open_tree(const AlignInput& input, const fs::path& path, const AlignOptions& options) {
  const bool is_folder = fs::is_directory(path);
  AlignSource source{open_image_tree(path, input.set.label, input.set.where), path, {}, "", "", Problems()};
  if (!is_folder) source.tree = path.parent_path();
  const bool wants_pairs = !input.pairs.empty() || options.selection.faces != FaceChoice::all;
  if (options.format != "folder" || !is_folder || !wants_pairs) return source;
  if (input.pairs.empty() && data_format(path) == "cfp") {
    source.protocol = path / "Protocol";
    for (const PairSet& set : open_evaluation_sets(path, "", "", options.skip_missing)) {
      const PairSet part = renumbered(set, *source.images, source.protocol);
      source.pairs.pairs.insert(source.pairs.pairs.end(), part.pairs.begin(), part.pairs.end());
      source.pairs.missing += part.missing;
    }
    return source;
  }
  const fs::path list = input.pairs.empty() ? pairs_list_in(path) : input.pairs;
  if (list.empty()) return source;
  source.pairs = renumbered(open_pairs(path, list, set_name(path), options.skip_missing), *source.images, list);
  if (is_lfw_list(list)) source.lfw_list = list;
  return source;
}

AlignSource open_source(const AlignInput& input, const fs::path& path, const AlignOptions& options) {
  const std::string kind = data_format(path), &format = options.format;
  if (kind == "bin" || kind == "bcolz") {
    if (!needs_identity(format)) return source_of(one_set(input, options.skip_missing));
    throw Error::usage("is an evaluation set, which " + format + " cannot hold")
        .file(text_of(path))
        .hint("--to folder, bin or bcolz");
  }
  if (holds_pairs(format)) {
    const bool has_pairs = !input.pairs.empty() || is_evaluation_set(path);
    if (has_pairs) return source_of(one_set(input, options.skip_missing));
    throw Error::usage("has no pairs, and " + format + " holds pairs")
        .file(text_of(path))
        .hint("name a list: --pairs FILE");
  }
  if (kind == "folder" || kind == "cfp" || kind.empty()) return open_tree(input, path, options);
  AlignSource source;
  source.images = open_images(input.set, input.root, source.problems);
  return source;
}

}  // namespace

fs::path path_of(const AlignInput& input) { return below_root(input.root, input.set.path); }

std::string AlignSource::place(int64_t image) const {
  if (tree.empty()) return images->relative_path(image);
  return fs::path(images->name(image)).lexically_relative(tree).string();
}

bool AlignSource::has_identity(int64_t image) const { return !images->class_name(images->label(image)).empty(); }

AlignSource open_align_source(const AlignInput& input, const AlignOptions& options) {
  const fs::path path = path_of(input);
  const std::string kind = data_format(path);
  if (!fs::exists(path) && kind.empty()) throw Error::usage("does not exist").file(text_of(path));
  if (!input.pairs.empty() && kind != "folder" && kind != "cfp") {
    throw Error::usage("is no folder of images: --pairs is for those").file(text_of(path));
  }
  if (!input.pairs.empty() && needs_identity(options.format)) {
    throw Error::usage("--pairs is for evaluation sets, which " + options.format + " cannot hold")
        .hint("--to folder, bin or bcolz");
  }
  AlignSource source = open_source(input, path, options);
  if (!source.pairs.pairs.empty() && options.selection.faces == FaceChoice::all) {
    throw Error::usage("is an evaluation set, whose pairs are of one face an image: --faces all gives several")
        .file(text_of(path));
  }
  return source;
}

}  // namespace facerec
