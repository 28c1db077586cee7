#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "face/landmark_forms.h"
#include "face/landmark_points.h"
#include "face/text_lines.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

constexpr std::string_view separators = " \t,";
constexpr size_t most_numbers = 141;  // 68 points, a box, a score

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(separators);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(separators) + 1 - begin);
}

// A path, which may hold separators, and the numbers behind it.
class PathAndNumbers {
 public:
  explicit PathAndNumbers(std::string_view line) : path_(trimmed(line)) {
    while (count_ < most_numbers && take_last()) {
    }
    std::reverse(numbers_.begin(), numbers_.begin() + static_cast<int64_t>(count_));
  }
  std::string_view path() const { return path_; }
  std::span<const float> numbers() const { return std::span(numbers_).first(count_); }

 private:
  // The first word stays: a path may be a number.
  bool take_last() {
    const size_t begin = path_.find_last_of(separators);
    if (begin == std::string_view::npos) return false;
    const std::optional<float> number = parse_coordinate(path_.substr(begin + 1));
    if (!number) return false;
    numbers_[count_++] = *number;
    path_ = trimmed(path_.substr(0, begin));
    return true;
  }

  std::string_view path_;
  std::array<float, most_numbers> numbers_;
  size_t count_ = 0;
};

std::optional<int64_t> parse_count(std::string_view text) {
  int64_t count = 0;
  return parse_number(text, count) ? std::optional(count) : std::nullopt;
}

void read_line(std::string_view line, LandmarkTable& table) {
  const PathAndNumbers parts(line);
  if (parts.numbers().empty()) {
    throw Error::usage(fmt::format("'{}' ends in no number", printable(line))).hint("the form is `path x1 y1 … x5 y5`");
  }
  const Face face = face_of_numbers(parts.numbers());
  table.add_image(parts.path());
  table.add_face(face);
}

// The names of CelebA's lists; some copies have one for the path before them.
bool are_celeba_names(std::string_view line) {
  constexpr std::array<std::string_view, 10> names{"lefteye_x",    "lefteye_y",   "righteye_x",  "righteye_y",
                                                   "nose_x",       "nose_y",      "leftmouth_x", "leftmouth_y",
                                                   "rightmouth_x", "rightmouth_y"};
  const std::vector<std::string_view> words = words_of(line);
  return words.size() >= names.size() && words.size() <= names.size() + 1 &&
         std::equal(names.rbegin(), names.rend(), words.rbegin());
}

// Numbers alone, of a face in WIDER's labels: x y w h, five points with their visibility, and in most copies a last one
// that tells the blur. Of faces that nobody has marked, the box alone or −1 for each point.
bool are_wider_numbers(const std::vector<std::string_view>& words) {
  return (words.size() == 4 || words.size() == 19 || words.size() == 20) &&
         std::ranges::all_of(words, [](std::string_view word) { return parse_coordinate(word).has_value(); });
}

void read_wider_face(std::string_view line, LandmarkTable& table) {
  const std::vector<std::string_view> words = words_of(line);
  if (!are_wider_numbers(words)) throw Error::usage("not of the form `x y w h`, five times `x y visibility`");
  if (words.size() == 4) return;
  Face face{.score = 1};
  for (size_t i = 0; i < 5; ++i) {
    face.landmarks[i] = {*parse_coordinate(words[4 + 3 * i]), *parse_coordinate(words[5 + 3 * i])};
    if (face.landmarks[i].x < 0 && face.landmarks[i].y < 0) return;
  }
  const float x = *parse_coordinate(words[0]), y = *parse_coordinate(words[1]);
  face.box = checked_box(x, y, x + *parse_coordinate(words[2]), y + *parse_coordinate(words[3]));
  table.add_face(face);
}

}  // namespace

void read_landmark_lines(std::string_view text, LandmarkTable& table) {
  TextLines lines(text);
  std::optional<int64_t> announced;  // by CelebA's first line
  int64_t images = 0;
  while (lines.next_filled()) {
    const std::string_view line = lines.line();
    if (line.starts_with('#')) continue;
    if (images == 0 && !announced && (announced = parse_count(trimmed(line)))) continue;
    if (images == 0 && are_celeba_names(line)) continue;
    at_line(lines.number(), [&] { read_line(line, table); });
    ++images;
  }
  if (announced && *announced != images)
    throw Error::usage(fmt::format("line 1 announces {} images, and {} follow", *announced, images));
}

bool are_wider_labels(std::string_view text) {
  TextLines lines(text);
  if (!lines.next_filled() || !lines.line().starts_with('#')) return false;
  while (lines.next_filled()) {
    if (!lines.line().starts_with('#')) return are_wider_numbers(words_of(lines.line()));
  }
  return false;
}

void read_wider_labels(std::string_view text, LandmarkTable& table) {
  TextLines lines(text);
  while (lines.next_filled()) {
    at_line(lines.number(), [&] {
      if (lines.line().starts_with('#')) {
        table.add_image(trimmed(lines.line().substr(1)));
      } else {
        read_wider_face(lines.line(), table);
      }
    });
  }
}

}  // namespace facerec
