#include "face/landmark_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "face/landmark_points.h"
#include "facerec/core/error.h"
#include "facerec/face/alignment.h"
#include "facerec/image/image.h"

namespace facerec {
namespace {

// With '/' between folders, no "./" before them and no extension of an image.
std::string normalised(std::string_view path) {
  std::string text(path);
  std::ranges::replace(text, '\\', '/');
  while (text.starts_with("./")) text.erase(0, 2);
  if (has_image_extension(text)) text.erase(text.rfind('.'));
  return text;
}

// ".jpg"; "" where a path has none of an image.
std::string_view extension_of_image(std::string_view path) {
  return has_image_extension(std::string(path)) ? path.substr(path.rfind('.')) : std::string_view();
}

int rank(char letter) { return letter == '/' ? 0 : static_cast<unsigned char>(letter); }

// Backwards, where '/' comes first: paths of one ending stand together.
bool precedes(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend(),
                                      [](char x, char y) { return rank(x) < rank(y); });
}

bool ends_with_path(std::string_view whole, std::string_view part) {
  return whole.ends_with(part) && (whole.size() == part.size() || whole[whole.size() - part.size() - 1] == '/');
}

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Of a 112×112 crop, in pixels. Detected faces leave 3, profiles up to 15, points in another order 17 to 21 (medians
// over 350 faces), points anywhere at most 23.
constexpr double no_face_residual = 15.5;

bool has_shape(Landmarks landmarks) {
  try {
    if (is_mirrored(landmarks)) exchange_sides(landmarks);
    return fit_similarity(landmarks, {112, 112}).residual < no_face_residual;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

void LandmarkTable::add_image(std::string_view path) {
  if (path.empty()) throw Error::usage("an empty path");
  if (path.find('\0') != std::string_view::npos) throw Error::usage("a NUL byte in a path");
  if (paths_.size() == UINT32_MAX) throw Error::usage(fmt::format("more than {} entries", UINT32_MAX));
  paths_.add(normalised(path));
  extensions_.push_back(number_of_extension(path));
  ends_.push_back(faces_.size());
}

uint8_t LandmarkTable::number_of_extension(std::string_view path) {
  const std::string_view extension = extension_of_image(path);
  const auto known = std::ranges::find(known_extensions_, extension);
  const auto number = static_cast<size_t>(known - known_extensions_.begin());
  if (number > UINT8_MAX) throw Error::usage("more than 256 ways to write the extensions of images");
  if (known == known_extensions_.end()) known_extensions_.emplace_back(extension);
  return static_cast<uint8_t>(number);
}

void LandmarkTable::add_face(const Face& face) {
  faces_.push_back(face);
  ends_.back() = faces_.size();
}

void LandmarkTable::finish() {
  if (faces_.empty()) throw Error::usage("holds no landmarks of any face");
  check_shapes();
  put_image_left_first();
  sort_paths();
}

void LandmarkTable::check_shapes() const {
  const size_t step = faces_.size() / 1000 + 1;  // a thousand of them tell
  size_t checked = 0, good = 0;
  for (size_t i = 0; i < faces_.size(); i += step, ++checked) good += has_shape(faces_[i].landmarks) ? 1 : 0;
  if (2 * good >= checked) return;
  throw Error::usage(fmt::format("the points of {} of {} faces are not arranged as in a face", checked - good, checked))
      .hint(
          "wanted are x1 y1 … x5 y5 in pixels: the eyes, the nose's tip, the corners of the mouth, left before right");
}

void LandmarkTable::put_image_left_first() {
  const auto mirrored = std::ranges::count_if(faces_, is_mirrored, &Face::landmarks);
  if (2 * static_cast<size_t>(mirrored) <= faces_.size()) return;
  for (Face& face : faces_) exchange_sides(face.landmarks);
  note_ = fmt::format("in {} of {} faces left is the person's own left: left and right are exchanged in all of them",
                      mirrored, faces_.size());
}

void LandmarkTable::sort_paths() {
  order_.resize(paths_.size());
  std::iota(order_.begin(), order_.end(), 0);
  std::ranges::stable_sort(order_, precedes, [this](uint32_t place) { return path(place); });
  for (size_t i = 0; i < order_.size();) {
    const std::string_view here = path(order_[i]);
    bool has_face = false;
    if (i > 0 && file_name(path(order_[i - 1])) == file_name(here)) unique_names_ = false;
    for (; i < order_.size() && path(order_[i]) == here; ++i) {
      const uint32_t place = order_[i];
      has_face |= ends_[place] > (place == 0 ? 0 : ends_[place - 1]);
    }
    images_ += has_face ? 1 : 0;
  }
}

LandmarkTable::Places LandmarkTable::ending_with(std::string_view wanted) const {
  const auto project = [this](uint32_t place) { return path(place); };
  const auto first = std::ranges::lower_bound(order_, wanted, precedes, project);
  const auto end =
      std::partition_point(first, order_.end(), [&](uint32_t place) { return ends_with_path(path(place), wanted); });
  return {first, end};
}

LandmarkTable::Places LandmarkTable::find(std::string_view relative_path, std::string_view file) const {
  for (const std::string_view place : {relative_path, file}) {
    for (std::string_view part = place; !part.empty();) {
      const Places found = ending_with(part);
      const auto other = std::ranges::find_if(found, [&](uint32_t i) { return path(i) != part; });
      if (other != found.begin()) return {found.begin(), other};  // the path itself comes before longer ones
      if (part.size() == place.size() && is_one_path(found)) return found;
      const size_t slash = part.find('/');
      part.remove_prefix(slash == std::string_view::npos ? part.size() : slash + 1);
    }
  }
  return unique_names_ ? ending_with(file_name(relative_path)) : Places();
}

// Of a.jpg and a.png those that `path` means. Where they are of one extension it does not matter which: crops may be
// stored otherwise than the photographs were.
std::vector<uint32_t> LandmarkTable::of_extension(Places places, std::string_view path) const {
  const auto extension = [this](uint32_t place) -> std::string_view { return known_extensions_[extensions_[place]]; };
  std::vector<uint32_t> meant;
  std::ranges::copy_if(places, std::back_inserter(meant),
                       [&](uint32_t place) { return extension(place) == extension_of_image(path); });
  const bool of_one = std::ranges::all_of(places, [&](uint32_t i) { return extensions_[i] == extensions_[places[0]]; });
  return meant.empty() && of_one ? std::vector<uint32_t>(places.begin(), places.end()) : meant;
}

std::vector<Face> LandmarkTable::faces(const std::string& relative_path, const fs::path& file) const {
  std::vector<Face> faces;
  const Places places = find(normalised(relative_path), normalised(text_of(file)));
  for (const uint32_t place : of_extension(places, relative_path)) {
    const uint64_t begin = place == 0 ? 0 : ends_[place - 1];
    faces.insert(faces.end(), faces_.begin() + static_cast<int64_t>(begin),
                 faces_.begin() + static_cast<int64_t>(ends_[place]));
  }
  return faces;
}

}  // namespace facerec
