#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "data/image_files.h"
#include "data/pair_builder.h"
#include "data/word_lines.h"
#include "facerec/data/protocols.h"

namespace facerec {
namespace {

constexpr const char* nobody = "";  // the identity of a distractor

// Images with identities, gathered for a SearchSet.
class SearchBuilder {
 public:
  explicit SearchBuilder(const fs::path& root) : root_(root) {}

  uint32_t add(const std::string& path, const std::string& identity) {
    paths_.push_back(path);
    identities_.push_back(identity);
    return static_cast<uint32_t>(paths_.size() - 1);
  }

  // Adds every image below root/folder; name_of tells whose it is from its path below that folder. Whether there is
  // such a folder.
  template <class NameOf>
  bool add_folder(const std::string& folder, std::vector<uint32_t>& list, NameOf name_of) {
    std::error_code code;
    if (!fs::is_directory(root_ / folder, code)) return false;
    const auto images = open_image_tree(root_ / folder);
    for (int64_t i = 0; i < images->size(); ++i) {
      const fs::path path = fs::path(images->name(i)).lexically_relative(root_ / folder);
      list.push_back(add(folder + "/" + path.string(), name_of(path)));
    }
    return true;
  }

  SearchSet finish(SearchSet set, const std::string& name, const fs::path& source) {
    if (set.gallery.empty() || set.probes.empty()) {
      throw Error::usage(set.gallery.empty() ? "the gallery holds no images" : "there are no probes")
          .file(text_of(source));
    }
    NamedClasses classes;
    for (const std::string& identity : identities_) classes.number_of(identity);
    auto images = std::make_shared<ImageFiles>(root_);
    const std::vector<uint32_t> labels = classes.add_to(*images);
    for (size_t i = 0; i < paths_.size(); ++i) {
      const uint32_t label = labels[classes.number_of(identities_[i])];
      images->add(paths_[i], label);
      set.identity.push_back(identities_[i] == nobody ? -1 : static_cast<int32_t>(label));
    }
    set.images = images;
    set.name = name;
    return set;
  }

 private:
  fs::path root_;
  std::vector<std::string> paths_, identities_;
};

std::string by_folder(const fs::path& path) { return path.has_parent_path() ? path.begin()->string() : nobody; }
std::string of_nobody(const fs::path&) { return nobody; }
// TinyFace: 123_4.jpg is of 123.
std::string by_number(const fs::path& path) {
  const std::string stem = path.stem().string();
  return stem.substr(0, stem.find('_'));
}

// The first of these that is there; "" when none is.
fs::path existing(const fs::path& folder, std::initializer_list<const char*> names) {
  std::error_code code;
  for (const char* name : names) {
    if (fs::exists(folder / name, code)) return folder / name;
  }
  return "";
}

bool is_tinyface(const fs::path& folder) {
  return !existing(folder, {"Gallery_Match"}).empty() && !existing(folder, {"Probe"}).empty();
}

SearchSet open_tinyface(const fs::path& folder, const std::string& name) {
  SearchBuilder images(folder);
  SearchSet set;
  set.rank_entries = true;
  images.add_folder("Gallery_Match", set.gallery, by_number);
  images.add_folder("Gallery_Distractor", set.gallery, of_nobody);
  images.add_folder("Probe", set.probes, by_number);
  return images.finish(std::move(set), name, folder);
}

SearchSet open_folders(const fs::path& folder, const std::string& name) {
  SearchBuilder images(folder);
  SearchSet set;
  images.add_folder("gallery", set.gallery, by_folder);
  images.add_folder("distractors", set.gallery, of_nobody);
  if (!images.add_folder("probes", set.probes, by_folder)) images.add_folder("probe", set.probes, by_folder);
  return images.finish(std::move(set), name, folder);
}

class ListReader {
 public:
  ListReader(const fs::path& root, bool skip_missing) : files_(root, skip_missing), images_(root) {}

  void read(const fs::path& list, std::vector<uint32_t>& into, bool distractors = false) {
    for_word_lines(list, [&](int64_t line, Words words) {
      if (words.size() > 2) throw bad_line(list, line, "not of the form `path identity` or `path`");
      const std::string path =
          files_.existing(std::string(words[0]), fmt::format("line {} of {}", line, text_of(list)));
      if (path.empty()) {
        ++set_.missing;
        return;
      }
      const bool is_nobody = distractors || (words.size() == 2 && words[1] == "-");
      std::string identity = nobody;
      if (!is_nobody) identity = words.size() == 2 ? std::string(words[1]) : fs::path(path).parent_path().string();
      if (!is_nobody && identity.empty()) throw bad_line(list, line, "neither a word nor a folder says who it is");
      into.push_back(images_.add(path, identity));
    });
  }

  SearchSet finish(const std::string& name, const fs::path& source) {
    return images_.finish(std::move(set_), name, source);
  }
  SearchSet& set() { return set_; }

 private:
  PairBuilder files_;  // that tells which are there
  SearchBuilder images_;
  SearchSet set_;
};

}  // namespace

bool is_search_set(const fs::path& folder) {
  std::error_code code;
  if (!fs::is_directory(folder, code)) return false;
  return is_tinyface(folder) || (!existing(folder, {"gallery", "gallery.txt"}).empty() &&
                                 !existing(folder, {"probe", "probes", "probe.txt", "probes.txt"}).empty());
}

SearchSet open_search_set(const fs::path& folder, const std::string& name, bool skip_missing) {
  if (is_tinyface(folder)) return open_tinyface(folder, name);
  const fs::path gallery = existing(folder, {"gallery.txt"}), probes = existing(folder, {"probe.txt", "probes.txt"});
  if (gallery.empty() != probes.empty()) {
    throw Error::usage("has a list of the gallery or of the probes, but not of both").file(text_of(folder));
  }
  if (gallery.empty()) return open_folders(folder, name);
  ListReader reader(folder, skip_missing);
  reader.read(gallery, reader.set().gallery);
  if (const fs::path list = existing(folder, {"distractors.txt"}); !list.empty()) {
    reader.read(list, reader.set().gallery, /*distractors=*/true);
  }
  reader.read(probes, reader.set().probes);
  return reader.finish(name, folder);
}

SearchSet open_searches(const fs::path& images, const fs::path& gallery, const fs::path& probes,
                        const std::string& name, bool skip_missing) {
  std::error_code code;
  if (!fs::is_directory(images, code)) throw Error::usage("is not a folder of images").file(text_of(images));
  ListReader reader(images, skip_missing);
  reader.read(gallery, reader.set().gallery);
  reader.read(probes, reader.set().probes);
  return reader.finish(name, gallery);
}

}  // namespace facerec
