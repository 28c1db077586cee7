#include <fmt/format.h>

#include <algorithm>

#include "data/recordio_scan.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/image/image.h"
#include "io/recordio.h"

namespace facerec {
namespace {

constexpr size_t shortest_line = 4;  // of a .idx: two digits, a tab, an end

// Takes the text up to `separator` (or all of it) off the front of `rest`.
std::string_view take(std::string_view& rest, char separator) {
  const std::string_view taken = rest.substr(0, rest.find(separator));
  rest.remove_prefix(std::min(taken.size() + 1, rest.size()));
  return taken;
}

class KeyParser {
 public:
  KeyParser(std::string_view text, uint64_t size, const RecordPaths& paths) : text_(text), size_(size), paths_(paths) {}

  std::vector<RecordKey> parse_all() const {
    std::vector<RecordKey> keys;
    const auto lines = static_cast<size_t>(std::count(text_.begin(), text_.end(), '\n')) + 1;
    keys.reserve(std::min(lines, text_.size() / shortest_line + 1));
    std::string_view rest = text_;
    while (!rest.empty()) {
      const auto begin = static_cast<uint64_t>(rest.data() - text_.data());
      std::string_view line = take(rest, '\n');
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty()) keys.push_back(parse(line, begin));
    }
    refuse_repeated(keys, &RecordKey::key, "the key {} comes twice");
    refuse_repeated(keys, &RecordKey::offset, "the offset {} comes twice");
    return keys;
  }

 private:
  Error bad(uint64_t offset, const std::string& what) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<int64_t>(offset), '\n');
    return Error(fmt::format("line {}: {}", line, what)).file(text_of(paths_.index)).offset(offset);
  }

  RecordKey parse(std::string_view line, uint64_t begin) const {
    RecordKey entry;
    std::string_view rest = line;
    if (!parse_number(take(rest, '\t'), entry.key) || !parse_number(rest, entry.offset)) {
      throw bad(begin, fmt::format("'{}' is not a key, a tab and an offset", printable(line, 40)));
    }
    // An empty record is as long as its head.
    if (size_ < 8 || entry.offset > size_ - 8) {
      throw bad(begin, fmt::format("the key {} has the offset {}, but {} has {} bytes", entry.key, entry.offset,
                                   text_of(paths_.records), size_))
          .hint("the .rec was cut off, or the .idx is that of another one");
    }
    return entry;
  }

  // Where a number stands that comes a second time is looked for only then.
  void refuse_repeated(const std::vector<RecordKey>& keys, uint64_t RecordKey::*number, const char* what) const {
    if (keys.empty()) return;
    // The usual order: ascending, but for InsightFace's key 0, which comes last.
    const auto most = std::span(keys).first(keys.size() - 1);
    const uint64_t end = keys.back().*number;
    const bool ascending = std::ranges::is_sorted(most, std::ranges::less_equal(), number);
    if (ascending && (most.empty() || end > most.back().*number || end < most.front().*number)) return;
    std::vector<uint64_t> numbers(keys.size());
    std::ranges::transform(keys, numbers.begin(), number);
    std::ranges::sort(numbers);
    const auto repeated = std::ranges::adjacent_find(numbers);
    if (repeated == numbers.end()) return;
    std::string_view rest = text_;
    for (int found = 0; !rest.empty();) {
      const auto begin = static_cast<uint64_t>(rest.data() - text_.data());
      std::string_view line = take(rest, '\n');
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty() || parse(line, begin).*number != *repeated || ++found < 2) continue;
      throw bad(begin, fmt::format(fmt::runtime(what), *repeated));
    }
  }

  std::string_view text_;
  uint64_t size_;  // of the .rec
  const RecordPaths& paths_;
};

// None when the record of key 0 is an image.
std::optional<std::array<float, 2>> read_ranges(const ByteSource& records, uint64_t offset) {
  std::array<std::byte, record_head_size> head{};
  const RecordPlace place = measure_record(records, offset, head);
  if (!place.whole) throw Error("the file ends within the record of key 0");
  const RecordHeader header = parse_record_header(head, place.size);
  if (!header.is_range()) return {};
  const auto [first, last] = header.label;
  // Written so that no comparison holds for NaN.
  if (!(first >= 1 && last >= first && last < 0x1p63F)) {
    throw Error(fmt::format("key 0 tells of the keys from {} to {}", first, last));
  }
  return header.label;
}

}  // namespace

std::vector<RecordKey> parse_record_keys(std::string_view text, uint64_t size, const RecordPaths& paths) {
  return KeyParser(text, size, paths).parse_all();
}

RecordKeys order_record_keys(std::vector<RecordKey> keys, const ByteSource& records, const RecordPaths& paths) {
  const auto zero = std::ranges::find(keys, 0U, &RecordKey::key);
  if (zero == keys.end()) return {std::move(keys), {}};
  try {
    if (const auto ranges = read_ranges(records, zero->offset)) {
      keys.erase(zero);
      if (!std::ranges::is_sorted(keys, {}, &RecordKey::key)) std::ranges::sort(keys, {}, &RecordKey::key);
      return {std::move(keys), ranges};
    }
  } catch (Error& error) {
    if (!error.file().empty()) throw;
    const uint64_t offset = error.offset().value_or(zero->offset);
    throw std::move(error).file(text_of(paths.records)).offset(offset);
  }
  return {std::move(keys), {}};
}

RecordProperty parse_record_property(std::string_view text) {
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  std::string_view rest = line;
  RecordProperty property;
  if (!parse_number(take(rest, ','), property.classes) || !parse_number(take(rest, ','), property.height) ||
      !parse_number(rest, property.width)) {
    throw Error(fmt::format("'{}' is not of the form classes,height,width", printable(line, 40)));
  }
  const auto [classes, height, width] = property;
  if (classes < 1 || classes > int64_t{1} << 31) throw Error(fmt::format("{} is no number of classes", classes));
  if (height < 1 || width < 1 || int64_t{height} * width > max_pixels) {
    throw Error(fmt::format("{}x{} is no size of an image", width, height));
  }
  return property;
}

uint32_t label_of(float label) {
  // Written so that no comparison holds for NaN.
  if (!(label >= 0 && label < 0x1p31F) || static_cast<float>(static_cast<uint32_t>(label)) != label) {
    throw Error(fmt::format("the label {} is not a number from 0 to 2^31 - 1", label));
  }
  return static_cast<uint32_t>(label);
}

}  // namespace facerec
