#include "facerec/data/pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "data/pair_builder.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

using Words = std::vector<std::string>;

struct Line {
  int number;
  Words words;
};

Words split(const std::string& line) {
  const bool tabs = line.find('\t') != std::string::npos;
  Words words;
  std::istringstream stream(line);
  for (std::string word; tabs ? bool(std::getline(stream, word, '\t')) : bool(stream >> word);) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

std::vector<Line> read_lines(const fs::path& list) {
  std::istringstream text(read_text(list));
  std::vector<Line> lines;
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (number == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
    if (line.ends_with('\r')) line.pop_back();
    if (Words words = split(line); !words.empty()) lines.push_back({number, std::move(words)});
  }
  return lines;
}

bool starts_as_lfw(const std::vector<Line>& lines) {
  uint32_t first = 0;
  return !lines.empty() && lines[0].words.size() <= 2 && parse_count(lines[0].words[0], first);
}

class PairReader {
 public:
  PairReader(const fs::path& images, const fs::path& list, bool skip_missing)
      : list_(list), pairs_(images, skip_missing) {}

  PairSet read(const std::string& name) {
    const std::vector<Line> lines = read_lines(list_);
    if (starts_as_lfw(lines)) {
      read_lfw(lines);
    } else {
      for (const Line& line : lines) read_flat(line);
    }
    return pairs_.finish(name, list_);
  }

 private:
  Error bad(const Line& line, const std::string& what) const {
    return Error::usage(fmt::format("line {}: {}", line.number, what)).file(text_of(list_));
  }

  std::string existing(const Line& line, const std::string& path) const {
    return pairs_.existing(path, fmt::format("line {} of {}", line.number, text_of(list_)));
  }

  void read_lfw(const std::vector<Line>& lines) {
    uint32_t folds = 1, count = 0;
    const Words& header = lines[0].words;
    if (header.size() == 2) parse_count(header[0], folds);
    if (!parse_count(header.back(), count) || folds == 0 || count == 0)
      throw bad(lines[0], "the first line must be `folds n`");
    const uint64_t expected = uint64_t{folds} * 2 * count;
    if (lines.size() - 1 != expected) {
      throw bad(lines[0], fmt::format("announces {} folds of {} same and {} different pairs, {} lines; {} follow",
                                      folds, count, count, expected, lines.size() - 1));
    }
    if (folds > UINT16_MAX) throw bad(lines[0], "more than 65,535 folds");
    for (uint64_t i = 0; i < expected; ++i)
      read_lfw_pair(lines[i + 1], static_cast<uint16_t>(i / (2 * count)), i / count % 2 == 0);
  }

  void read_lfw_pair(const Line& line, uint16_t fold, bool same) {
    const Words& words = line.words;
    if (words.size() != (same ? 3U : 4U))
      throw bad(line, same ? "a same pair is `name i j`" : "a different pair is `name1 i name2 j`");
    const std::string& second = same ? words[0] : words[2];
    pairs_.add(lfw_file(line, words[0], words[1]), lfw_file(line, second, words.back()), same, fold);
  }

  // "" when there is no such file.
  std::string lfw_file(const Line& line, const std::string& name, const std::string& number) const {
    uint32_t value = 0;
    if (!parse_count(number, value)) throw bad(line, "'" + number + "' is not an image number");
    const std::string stem = fmt::format("{}/{}_{:04}", name, name, value);
    for (const char* extension : {".jpg", ".png", ".jpeg", ".bmp", ".webp", ".JPG", ".PNG", ".JPEG", ".BMP", ".WEBP"}) {
      std::error_code code;
      if (fs::exists(pairs_.root() / (stem + extension), code)) return stem + extension;
    }
    return existing(line, stem + ".jpg");
  }

  void read_flat(const Line& line) {
    const Words& words = line.words;
    if (words.size() != 3 || (words[2] != "0" && words[2] != "1" && words[2] != "-1"))
      throw bad(line, "not of the form `pathA pathB 0|1`");
    pairs_.add(existing(line, words[0]), existing(line, words[1]), words[2] == "1", 0);
  }

  fs::path list_;
  PairBuilder pairs_;
};

}  // namespace

bool is_lfw_list(const fs::path& list) { return starts_as_lfw(read_lines(list)); }

PairSet open_pairs(const fs::path& images, const fs::path& list, const std::string& name, bool skip_missing) {
  std::error_code code;
  if (!fs::is_directory(images, code)) throw Error::usage("is not a folder of images").file(text_of(images));
  if (!fs::is_regular_file(list, code)) {
    throw Error::usage("does not exist").file(text_of(list)).hint("name the list of pairs with --pairs FILE");
  }
  return PairReader(images, list, skip_missing).read(name);
}

}  // namespace facerec
