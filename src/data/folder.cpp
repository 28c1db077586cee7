#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "data/image_files.h"
#include "data/path_rule.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"

namespace facerec {
namespace {

constexpr const char* expected_form = "the form is FOLDER/identity/image.jpg; jpg, jpeg, png, bmp and webp are read";

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

// Folder by folder: a folder's own name decides before what lies in it.
bool comes_before(const std::string& a, const std::string& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    auto rank = [](char c) { return c == '/' ? 0 : 1 + static_cast<int>(static_cast<unsigned char>(c)); };
    return rank(x) < rank(y);
  });
}

// Paths below `root`, of the images in its folder `below`.
std::vector<std::string> images_below(const fs::path& root, const fs::path& below) {
  std::vector<std::string> images;
  const size_t prefix = (root / "").string().size();
  for (auto entry = fs::recursive_directory_iterator(below, fs::directory_options::follow_directory_symlink);
       entry != fs::recursive_directory_iterator(); ++entry) {
    if (is_hidden(entry->path())) {
      if (entry->is_directory()) entry.disable_recursion_pending();
    } else if (has_image_extension(entry->path().filename().string()) && entry->is_regular_file()) {
      images.push_back(entry->path().string().substr(prefix));
    }
    // A link back to a folder above would be followed for ever.
    if (entry.depth() > 32) throw Error("folders are nested too deeply").file(text_of(entry->path()));
  }
  std::sort(images.begin(), images.end(), comes_before);
  return images;
}

std::vector<fs::path> folders_in(const fs::path& root) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_directory() && !is_hidden(entry.path())) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

// All folders at once: on a disk that has to seek, and over a network, most of the time is waiting.
std::vector<std::vector<std::string>> walk(const fs::path& root) {
  const std::vector<fs::path> folders = folders_in(root);
  std::vector<std::vector<std::string>> images(folders.size());
  parallel_for(static_cast<int64_t>(folders.size()), 4 * available_cores(), [&](int64_t i) {
    images[static_cast<size_t>(i)] = images_below(root, folders[static_cast<size_t>(i)]);
  });
  return images;
}

struct Reading {
  std::shared_ptr<ImageFiles> files;
  int64_t unmatched = 0;
  std::string example;  // of them
};

Reading read_tree(const fs::path& root, const PathRule& rule) {
  const std::vector<std::vector<std::string>> folders = walk(root);
  Reading reading{std::make_shared<ImageFiles>(root), 0, ""};
  NamedClasses classes;
  std::vector<std::pair<const std::string*, uint32_t>> used;
  std::string identity;
  for (const std::vector<std::string>& images : folders) {
    for (const std::string& path : images) {
      const PathRule::Verdict verdict = rule.judge(path, identity);
      if (verdict == PathRule::Verdict::use) {
        used.emplace_back(&path, classes.number_of(identity));
      } else if (verdict == PathRule::Verdict::no_match && reading.unmatched++ == 0) {
        reading.example = path;
      }
    }
  }
  const std::vector<uint32_t> labels = classes.add_to(*reading.files);
  for (const auto& [path, number] : used) reading.files->add(*path, labels[number]);
  return reading;
}

}  // namespace

std::shared_ptr<Dataset> open_image_folder(const fs::path& root, const LabelConfig& label,
                                           const std::map<std::string, std::string>& where) {
  std::error_code code;
  if (!fs::is_directory(root, code)) {
    const std::string what = fs::exists(root, code) ? "is not a folder of images" : "does not exist";
    throw Error::usage(what).file(text_of(root)).hint(expected_form);
  }
  const PathRule rule(label, where);
  try {
    const Reading reading = read_tree(root, rule);
    if (reading.files->size() == 0) {
      throw Error::usage("holds no identity")
          .file(text_of(root))
          .hint(reading.unmatched == 0 ? expected_form
                                       : "no path has the form that `label` asks for, such as " + reading.example);
    }
    if (reading.unmatched > 0) {
      spdlog::warn("{}: {} images are left out, their paths do not tell who they are, such as {}", text_of(root),
                   reading.unmatched, reading.example);
    }
    return reading.files;
  } catch (const fs::filesystem_error& failure) {
    throw Error::usage("cannot be read: " + failure.code().message()).file(text_of(failure.path1()));
  }
}

}  // namespace facerec
