#include "data/recordio_names.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

constexpr int64_t stride = 32;  // of the lines that are remembered

std::string_view text_in(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

// A line of a .lst.
struct ListLine {
  std::optional<uint64_t> key;  // im2rec's
  double label;
  std::string_view path;
};

std::optional<ListLine> parse_line(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  const size_t first = text.find('\t'), last = text.rfind('\t');
  if (first == last) return {};
  const std::string_view front = text.substr(0, first), back = text.substr(last + 1);
  const std::string_view middle = text.substr(first + 1, last - first - 1);
  double label = 0;
  if (parse_number(back, label) && middle.find('/') != std::string_view::npos) return ListLine{{}, label, middle};
  uint64_t key = 0;
  // Of several labels the first.
  if (!parse_number(front, key) || !parse_number(middle.substr(0, middle.find('\t')), label)) return {};
  return ListLine{key, label, back};
}

// A path's folder and file, and what stands before them.
struct Place {
  std::string_view before, identity, file;
};

std::optional<Place> place_of(std::string_view path) {
  const size_t last = path.rfind('/');
  if (last == std::string_view::npos || last == 0) return {};
  const size_t before = path.rfind('/', last - 1);
  const size_t begin = before == std::string_view::npos ? 0 : before + 1;
  const Place place{path.substr(0, begin), path.substr(begin, last - begin), path.substr(last + 1)};
  for (const std::string_view name : {place.identity, place.file}) {
    if (name.empty() || name == "." || name == ".." || name.find('\0') != std::string_view::npos) return {};
  }
  return place;
}

}  // namespace

std::optional<uint64_t> RecordNames::key(int64_t image) const {
  std::call_once(keys_once_, [this] { find_runs(); });
  if (runs_.empty()) return {};
  return key_in(run_of(image), image);
}

uint64_t RecordNames::key_in(const Run& run, int64_t image) {
  return run.key + static_cast<uint64_t>(image - run.image);
}

const RecordNames::Run& RecordNames::run_of(int64_t image) const {
  return *std::prev(std::ranges::upper_bound(runs_, image, {}, &Run::image));
}

// The set has the order of the .idx, or that of its keys; the .rec, which would tell which, may have changed.
void RecordNames::find_runs() const try {
  if (paths_.index.empty()) return;
  std::vector<RecordKey> keys = parse_record_keys(text_in(MappedFile(paths_.index)), records_.size(), paths_);
  if (match(keys)) return;
  std::ranges::sort(keys, {}, &RecordKey::key);
  match(keys);
} catch (const Error&) {
}

// The images are those of the keys in the same order, without the ones that were left out.
bool RecordNames::match(const std::vector<RecordKey>& keys) const {
  int64_t image = 0, position = 0;
  std::vector<Run> runs;
  for (size_t i = 0; i < keys.size() && image < index_.size(); ++i) {
    const auto [key, offset] = keys[i];
    if (offset == index_.offset(image)) {
      const bool goes_on = !runs.empty() && position - runs.back().position == image - runs.back().image &&
                           key == key_in(runs.back(), image);
      if (!goes_on) runs.push_back({image, key, position});
      ++image;
    } else if (key == 0) {
      continue;  // it tells the ranges, and is no image
    }
    ++position;
  }
  if (image < index_.size()) return false;
  runs_ = std::move(runs);
  return true;
}

std::optional<std::string> RecordNames::path(int64_t image) const try {
  std::call_once(list_once_, [this] { read_list(); });
  if (!list_) return {};
  const int64_t position = runs_.empty() ? image : image - run_of(image).image + run_of(image).position;
  const auto first = static_cast<size_t>(position / stride);
  std::string text(lines_.at(first + 1) - lines_.at(first), '\0');
  list_->read(lines_[first], std::as_writable_bytes(std::span(text)));
  std::string_view rest = text;
  for (int64_t i = position % stride; i > 0; --i) rest.remove_prefix(rest.find('\n') + 1);
  const std::optional<ListLine> line = parse_line(rest.substr(0, rest.find('\n')));
  const std::optional<Place> place = line ? place_of(line->path) : std::nullopt;
  if (!place || line->label != index_.label(image)) return {};
  return std::string(place->identity) + "/" + std::string(place->file);
} catch (const Error&) {
  return {};
}

std::optional<std::string> RecordNames::identity(int64_t label) const {
  std::call_once(list_once_, [this] { read_list(); });
  if (!list_) return {};
  return identities_.at(static_cast<size_t>(label));
}

void RecordNames::read_list() const try {
  if (paths_.list.empty()) return;
  if (index_.size() > 0) key(0);
  const MappedFile file(paths_.list);
  if (!fits(text_in(file))) {
    spdlog::warn("{}: not used, as it does not fit the images", text_of(paths_.list));
    return;
  }
  list_ = std::make_unique<FileSource>(paths_.list);
} catch (const Error& error) {
  spdlog::warn("{}", error.what());
}

// Fills lines_ and identities_.
bool RecordNames::fits(std::string_view text) const {
  std::vector<std::string_view> identities(static_cast<size_t>(classes_.classes()));
  std::string_view before;
  int64_t image = 0;
  uint64_t begin = 0;
  for (int64_t position = 0; begin < text.size() && image < index_.size(); ++position) {
    if (position % stride == 0) lines_.push_back(begin);
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view content = text.substr(begin, end - begin);
    begin = std::min(end + 1, text.size());
    const Run run = runs_.empty() ? Run{0, 0, 0} : run_of(image);
    if (position != image - run.image + run.position) continue;
    const std::optional<ListLine> line = parse_line(content);
    const std::optional<Place> place = line ? place_of(line->path) : std::nullopt;
    if (!place || line->label != index_.label(image)) return false;
    if (line->key && !runs_.empty() && *line->key != key_in(run, image)) return false;
    std::string_view& identity = identities[static_cast<size_t>(classes_.class_of(index_.label(image)))];
    if (identity.empty()) identity = place->identity;
    if (image == 0) before = place->before;
    // Two folders of one name would become one.
    if (identity != place->identity || before != place->before) return false;
    ++image;
  }
  lines_.push_back(begin);
  identities_.assign(identities.begin(), identities.end());
  std::ranges::sort(identities);
  return image == index_.size() && std::ranges::adjacent_find(identities) == identities.end();
}

}  // namespace facerec
