#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "data/image_files.h"
#include "data/word_lines.h"
#include "facerec/core/text.h"
#include "facerec/data/protocols.h"

namespace facerec {
namespace {

// The lists of a set, wherever they are: in meta/ or in the folder itself.
struct Lists {
  fs::path media, pairs, points;
};

fs::path ending_with(const fs::path& folder, const std::string& ending) {
  std::error_code failure;
  std::vector<fs::path> found;
  auto entry = fs::directory_iterator(folder, failure);
  for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
    if (entry->path().filename().string().ends_with(ending)) found.push_back(entry->path());
  }
  if (found.size() > 1) {
    throw Error::usage(fmt::format("holds {} files *{}", found.size(), ending)).file(text_of(folder));
  }
  return found.empty() ? fs::path() : found.front();
}

Lists lists_in(const fs::path& folder) {
  for (const fs::path& place : {folder / "meta", folder}) {
    Lists lists{ending_with(place, "_face_tid_mid.txt"), ending_with(place, "_template_pair_label.txt"),
                ending_with(place, "_name_5pts_score.txt")};
    if (!lists.media.empty() && !lists.pairs.empty()) return lists;
  }
  return {};
}

template <class Number>
Number parse(const fs::path& file, int64_t line, std::string_view word) {
  Number value{};
  if (!parse_number(word, value)) {
    throw bad_line(file, line, fmt::format("'{}' is not a number", word.substr(0, 40)));
  }
  return value;
}

class TemplateReader {
 public:
  TemplateReader(const fs::path& folder, const std::string& name) : folder_(folder), lists_(lists_in(folder)) {
    set_.name = name;
  }

  TemplateSet read() {
    read_media();
    if (lists_.points.empty()) {
      set_.detector_score.assign(set_.template_of.size(), 1.0F);
    } else {
      read_points();
    }
    read_pairs();
    return std::move(set_);
  }

 private:
  void read_media() {
    std::error_code code;
    const fs::path images = folder_ / "loose_crop";
    files_ = std::make_shared<ImageFiles>(fs::is_directory(images, code) ? images : folder_);
    files_->add_class("");
    for_word_lines(lists_.media, [&](int64_t line, Words words) {
      if (words.size() != 3) throw bad_line(lists_.media, line, "not of the form `image template medium`");
      files_->add(words[0], 0);
      names_.emplace_back(words[0]);
      const auto id = parse<int64_t>(lists_.media, line, words[1]);
      const auto [entry, is_new] = numbers_.try_emplace(id, static_cast<uint32_t>(numbers_.size()));
      set_.template_of.push_back(entry->second);
      set_.medium_of.push_back(parse<int64_t>(lists_.media, line, words[2]));
    });
    if (names_.empty()) throw Error::usage("names no images").file(text_of(lists_.media));
    set_.images = files_;
    set_.templates = numbers_.size();
  }

  void read_points() {
    for_word_lines(lists_.points, [&](int64_t line, Words words) {
      if (words.size() != 12) throw bad_line(lists_.points, line, "not of the form `image x1 y1 … x5 y5 score`");
      const size_t image = set_.landmarks.size();
      if (image >= names_.size() || words[0] != names_[image]) {
        throw bad_line(lists_.points, line,
                       fmt::format("names other images than {} does", text_of(lists_.media.filename())));
      }
      FivePoints& points = set_.landmarks.emplace_back();
      for (size_t k = 0; k < points.size(); ++k) points[k] = parse<float>(lists_.points, line, words[k + 1]);
      set_.detector_score.push_back(parse<float>(lists_.points, line, words[11]));
      if (!std::ranges::all_of(points, [](float x) { return std::isfinite(x); }) ||
          !std::isfinite(set_.detector_score.back())) {
        throw bad_line(lists_.points, line, "a value is no finite number");
      }
    });
    if (set_.landmarks.size() != names_.size()) {
      throw Error::usage(fmt::format("has points of {} images, and there are {}", set_.landmarks.size(), names_.size()))
          .file(text_of(lists_.points));
    }
  }

  uint32_t template_number(int64_t line, std::string_view word) const {
    const auto found = numbers_.find(parse<int64_t>(lists_.pairs, line, word));
    if (found == numbers_.end()) {
      throw bad_line(lists_.pairs, line, fmt::format("template {} has no images", word.substr(0, 40)));
    }
    return found->second;
  }

  void read_pairs() {
    for_word_lines(lists_.pairs, [&](int64_t line, Words words) {
      if (words.size() != 3 || (words[2] != "0" && words[2] != "1")) {
        throw bad_line(lists_.pairs, line, "not of the form `template template 0|1`");
      }
      set_.pairs.push_back({template_number(line, words[0]), template_number(line, words[1]), words[2] == "1"});
    });
    if (set_.pairs.empty()) throw Error::usage("holds no pairs").file(text_of(lists_.pairs));
  }

  fs::path folder_;
  Lists lists_;
  std::shared_ptr<ImageFiles> files_;
  std::vector<std::string> names_;
  std::unordered_map<int64_t, uint32_t> numbers_;  // of templates
  TemplateSet set_;
};

}  // namespace

bool is_template_set(const fs::path& folder) {
  std::error_code code;
  return fs::is_directory(folder, code) && !lists_in(folder).media.empty();
}

TemplateSet open_template_set(const fs::path& folder, const std::string& name) {
  if (!is_template_set(folder)) {
    throw Error::usage("holds no lists *_face_tid_mid.txt and *_template_pair_label.txt").file(text_of(folder));
  }
  return TemplateReader(folder, name).read();
}

}  // namespace facerec
