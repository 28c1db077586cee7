#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "data/image_files.h"
#include "data/path_rule.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

constexpr const char* expected_form = "the form is FOLDER/identity/image.jpg; jpg, jpeg, png, bmp and webp are read";

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

struct Entry {
  std::string name;
  size_t folder;  // its number; 0 for an image
};

struct Folder {
  fs::path path;
  size_t parent, depth;
  std::vector<Entry> entries;  // images and folders, in byte order of their names
};

// A link back to a folder above would be followed for ever.
bool leads_back(const std::vector<Folder>& folders, size_t number, const fs::path& link) {
  for (;; number = folders[number].parent) {
    std::error_code code;
    if (fs::equivalent(folders[number].path, link, code)) return true;
    if (number == 0) return false;
  }
}

// Extensions of images whose format is not read, or is another than they say.
bool has_foreign_extension(const std::string& name) {
  constexpr std::array<std::string_view, 12> extensions{".gif", ".tif",  ".tiff", ".heic", ".heif", ".avif",
                                                        ".jxl", ".jfif", ".jp2",  ".ppm",  ".pgm",  ".tga"};
  const size_t dot = name.rfind('.');
  return dot != std::string::npos && std::ranges::find(extensions, lower(name.substr(dot))) != extensions.end();
}

enum class Wanted { folders, images, everything };  // everything: what cannot be read too, so that it is missed

bool is_wanted(const fs::directory_entry& entry, const std::string& name, Wanted wanted) {
  std::error_code code;
  if (wanted == Wanted::images) return has_image_extension(name) && entry.is_regular_file(code);
  return wanted == Wanted::everything && (has_image_extension(name) || has_foreign_extension(name)) &&
         (entry.is_regular_file(code) || !entry.exists(code));
}

// What lies in a folder; the numbers of its own folders are given later.
std::vector<Entry> entries_of(const std::vector<Folder>& folders, size_t number, Wanted wanted) {
  constexpr size_t not_yet = 1;
  std::vector<Entry> entries;
  std::error_code failure;
  auto entry = fs::directory_iterator(folders[number].path, failure);
  for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
    if (is_hidden(entry->path())) continue;
    std::string name = entry->path().filename().string();
    std::error_code code;
    if (entry->is_directory(code)) {
      const bool is_loop = entry->is_symlink(code) && leads_back(folders, number, entry->path());
      if (!is_loop) entries.push_back({std::move(name), not_yet});
    } else if (is_wanted(*entry, name, wanted)) {
      entries.push_back({std::move(name), 0});
    }
  }
  if (failure) throw Error::usage("cannot be read: " + failure.message()).file(text_of(folders[number].path));
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

void collect(const std::vector<Folder>& folders, size_t number, const std::string& prefix,
             std::vector<std::string>& images) {
  for (const Entry& entry : folders[number].entries) {
    if (entry.folder == 0) {
      images.push_back(prefix + entry.name);
    } else {
      collect(folders, entry.folder, prefix + entry.name + "/", images);
    }
  }
}

// The paths below `root` of its images, folder by folder. All folders of one depth at once: on a disk that has to seek,
// and over a network, most of the time is waiting.
std::vector<std::string> walk(const fs::path& root, Wanted in_root, Wanted below) {
  std::vector<Folder> folders{{root, 0, 0, {}}};
  for (size_t begin = 0; begin < folders.size();) {
    const size_t end = folders.size();
    parallel_for(static_cast<int64_t>(end - begin), 4 * available_cores(), [&](int64_t i) {
      const size_t number = begin + static_cast<size_t>(i);
      folders[number].entries = entries_of(folders, number, number == 0 ? in_root : below);
    });
    for (; begin < end; ++begin) {
      for (size_t i = 0; i < folders[begin].entries.size(); ++i) {
        Entry& entry = folders[begin].entries[i];
        if (entry.folder == 0) continue;
        entry.folder = folders.size();
        folders.push_back({folders[begin].path / entry.name, begin, folders[begin].depth + 1, {}});
        if (folders.back().depth > 32) throw Error("folders are nested too deeply").file(text_of(folders.back().path));
      }
    }
  }
  std::vector<std::string> images;
  collect(folders, 0, "", images);
  return images;
}

// Images whose path does not tell who is in them.
struct Unmatched {
  int64_t count = 0;
  std::string example;
};

// Adds the images to `files`; those without an identity only if they are wanted, as of the class "".
Unmatched add_images(const std::vector<std::string>& images, const PathRule& rule, bool with_unmatched,
                     ImageFiles& files) {
  Unmatched unmatched;
  NamedClasses classes;
  std::vector<std::pair<const std::string*, uint32_t>> used;
  std::string identity;
  for (const std::string& path : images) {
    identity.clear();
    const PathRule::Verdict verdict = rule.judge(path, identity);
    const bool is_unmatched = verdict == PathRule::Verdict::no_match;
    if (is_unmatched && unmatched.count++ == 0) unmatched.example = path;
    if (verdict == PathRule::Verdict::use || (is_unmatched && with_unmatched)) {
      used.emplace_back(&path, classes.number_of(identity));
    }
  }
  const std::vector<uint32_t> labels = classes.add_to(files);
  for (const auto& [path, number] : used) files.add(*path, labels[number]);
  return unmatched;
}

}  // namespace

std::shared_ptr<Dataset> open_image_folder(const fs::path& root, const LabelConfig& label,
                                           const std::map<std::string, std::string>& where) {
  std::error_code code;
  if (!fs::is_directory(root, code)) {
    const std::string what = fs::exists(root, code) ? "is not a folder of images" : "does not exist";
    throw Error::usage(what).file(text_of(root)).hint(expected_form);
  }
  const auto files = std::make_shared<ImageFiles>(root);
  const Unmatched unmatched =
      add_images(walk(root, Wanted::folders, Wanted::images), PathRule(label, where), false, *files);
  if (files->size() == 0) {
    throw Error::usage("holds no identity")
        .file(text_of(root))
        .hint(unmatched.count == 0 ? expected_form
                                   : "no path has the form that `label` asks for, such as " + unmatched.example);
  }
  if (unmatched.count > 0) {
    spdlog::warn("{}: {} images are left out, their paths do not tell who they are, such as {}", text_of(root),
                 unmatched.count, unmatched.example);
  }
  return files;
}

std::shared_ptr<Dataset> open_image_tree(const fs::path& root, const LabelConfig& label,
                                         const std::map<std::string, std::string>& where) {
  std::error_code code;
  const bool is_image = fs::is_regular_file(root, code) && has_image_extension(text_of(root.filename()));
  if (!is_image && !fs::is_directory(root, code)) {
    const std::string what = fs::exists(root, code) ? "is neither a folder nor an image" : "does not exist";
    throw Error::usage(what).file(text_of(root)).hint("jpg, jpeg, png, bmp and webp are read");
  }
  const std::vector<std::string> images =
      is_image ? std::vector{root.filename().string()} : walk(root, Wanted::everything, Wanted::everything);
  const auto files = std::make_shared<ImageFiles>(is_image ? root.parent_path() : root);
  add_images(images, PathRule(label, where), true, *files);
  if (files->size() == 0) {
    throw Error::usage("holds no image").file(text_of(root)).hint("jpg, jpeg, png, bmp and webp are read");
  }
  return files;
}

}  // namespace facerec
