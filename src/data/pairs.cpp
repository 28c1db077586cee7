#include "facerec/data/pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "data/lists.h"
#include "data/pair_builder.h"
#include "data/word_lines.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/data/named_pairs.h"

namespace facerec {
namespace {

struct PairLine {
  int64_t number;
  std::vector<std::string> words;
};

std::vector<PairLine> read_lines(const fs::path& list) {
  std::vector<PairLine> lines;
  for_word_lines(list, [&](int64_t number, Words words) { lines.push_back({number, {words.begin(), words.end()}}); });
  return lines;
}

bool is_count(const std::string& word) {
  uint32_t value = 0;
  return parse_number(word, value);
}

bool starts_as_lfw(const std::vector<PairLine>& lines) {
  return !lines.empty() && lines[0].words.size() <= 2 && is_count(lines[0].words[0]);
}

// RFW's lists: LFW's lines without the first.
bool starts_as_rfw(const std::vector<PairLine>& lines) {
  if (lines.empty()) return false;
  const std::vector<std::string>& words = lines[0].words;
  return (words.size() == 3 || words.size() == 4) && is_count(words[1]) && is_count(words.back());
}

// CALFW's and CPLFW's: an image a line.
bool starts_as_halves(const std::vector<PairLine>& lines) {
  return !lines.empty() && lines[0].words.size() == 2 && has_image_extension(lines[0].words[0]) &&
         !has_image_extension(lines[0].words[1]);
}

class PairReader {
 public:
  PairReader(const fs::path& images, const fs::path& list, bool skip_missing, const PairLabels& labels)
      : list_(list), labels_(labels), pairs_(images, skip_missing) {}

  PairSet read(const std::string& name) {
    bool labelled = true;
    if (is_table(list_)) {
      labelled = read_named();
    } else {
      labelled = read(read_lines(list_));
    }
    PairSet set = pairs_.finish(name, list_);
    set.labelled = labelled;
    return set;
  }

 private:
  Error bad(const PairLine& line, const std::string& what) const { return bad_line(list_, line.number, what); }

  std::string existing(int64_t line, const std::string& path) const {
    return pairs_.existing(path, fmt::format("line {} of {}", line, text_of(list_)));
  }

  bool read(const std::vector<PairLine>& lines) {
    if (starts_as_lfw(lines)) {
      read_lfw(lines);
    } else if (starts_as_rfw(lines)) {
      for (const PairLine& line : lines) read_lfw_pair(line, 0, line.words.size() == 3);
    } else if (starts_as_halves(lines)) {
      read_halves(lines);
    } else {
      return read_named();
    }
    return true;
  }

  void read_lfw(const std::vector<PairLine>& lines) {
    uint32_t folds = 1, count = 0;
    const std::vector<std::string>& header = lines[0].words;
    if (header.size() == 2) parse_number(header[0], folds);
    if (!parse_number(header.back(), count) || folds == 0 || count == 0)
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

  void read_lfw_pair(const PairLine& line, uint16_t fold, bool same) {
    const std::vector<std::string>& words = line.words;
    if (words.size() != (same ? 3U : 4U))
      throw bad(line, same ? "a same pair is `name i j`" : "a different pair is `name1 i name2 j`");
    const std::string& second = same ? words[0] : words[2];
    pairs_.add(lfw_file(line, words[0], words[1]), lfw_file(line, second, words.back()), same, fold);
  }

  // "" when there is no such file.
  std::string lfw_file(const PairLine& line, const std::string& name, const std::string& number) const {
    uint32_t value = 0;
    if (!parse_number(number, value)) throw bad(line, "'" + number + "' is not an image number");
    const std::string stem = fmt::format("{}/{}_{:04}", name, name, value);
    for (const char* extension : {".jpg", ".png", ".jpeg", ".bmp", ".webp", ".JPG", ".PNG", ".JPEG", ".BMP", ".WEBP"}) {
      std::error_code code;
      if (fs::exists(pairs_.root() / (stem + extension), code)) return stem + extension;
    }
    return existing(line.number, stem + ".jpg");
  }

  void read_halves(const std::vector<PairLine>& lines) {
    if (lines.size() % 2 != 0) throw bad(lines.back(), "the second image of the last pair is missing");
    for (size_t i = 0; i < lines.size(); i += 2) {
      const bool same = is_same(lines[i]);
      if (is_same(lines[i + 1]) != same) throw bad(lines[i + 1], "the two images of a pair have different labels");
      pairs_.add(existing(lines[i].number, lines[i].words[0]), existing(lines[i + 1].number, lines[i + 1].words[0]),
                 same, 0);
    }
  }

  bool is_same(const PairLine& half) const {
    uint32_t label = 0;
    if (half.words.size() != 2 || !parse_number(half.words[1], label)) throw bad(half, "not of the form `path n`");
    return label != 0;
  }

  // Whether its pairs are labelled: all, or none.
  bool read_named() {
    std::optional<bool> labelled;
    read_named_pairs(list_, [&](const NamedPair& pair) {
      if (labelled.value_or(pair.label.has_value()) != pair.label.has_value()) {
        throw bad_line(list_, pair.line, "some pairs have a label and others have none");
      }
      labelled = pair.label.has_value();
      if (!*labelled && labels_.required) {
        throw bad_line(list_, pair.line, "no label says whether the images are of one person")
            .hint(is_table(list_) ? "a column called label, 1 for the same person, or for different ones with "
                                    "--positive different"
                                  : "a third word, 1 for the same person, or for different ones with --positive "
                                    "different");
      }
      pairs_.add(existing(pair.line, pair.a), existing(pair.line, pair.b),
                 pair.label.value_or(false) == labels_.one_is_same, 0);
    });
    return labelled.value_or(true);
  }

  fs::path list_;
  PairLabels labels_;
  PairBuilder pairs_;
};

}  // namespace

bool is_lfw_list(const fs::path& list) { return starts_as_lfw(read_lines(list)); }

PairSet open_pairs(const fs::path& images, const fs::path& list, const std::string& name, bool skip_missing,
                   const PairLabels& labels) {
  std::error_code code;
  if (!fs::is_directory(images, code)) throw Error::usage("is not a folder of images").file(text_of(images));
  if (!fs::is_regular_file(list, code)) {
    throw Error::usage("does not exist").file(text_of(list)).hint("name the list of pairs with --pairs FILE");
  }
  return PairReader(images, list, skip_missing, labels).read(name);
}

}  // namespace facerec
