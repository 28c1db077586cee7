#include "io/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr size_t max_dimensions = 64;  // NumPy's own limit

Error bad_npy(const std::string& what, uint64_t offset) {
  return Error("is not a valid .npy file: " + what).hint("it may not have arrived whole: get it again").offset(offset);
}

// The header: {'descr': '|b1', 'fortran_order': False, 'shape': (20,), }
class Header {
 public:
  Header(std::string_view text, uint64_t offset) : text_(text), offset_(offset) {}

  NpyArray read() {
    expect('{');
    while (!accept('}')) {
      entry();
      if (accept(',')) continue;
      expect('}');
      break;
    }
    skip_space();
    if (at_ != text_.size()) throw unexpected();
    if (found_ != all_keys) throw bad_npy("its header lacks one of descr, fortran_order and shape", offset_);
    return std::move(array_);
  }

 private:
  static constexpr unsigned all_keys = 7;

  Error unexpected() const {
    return bad_npy("its header is not a dictionary of descr, fortran_order and shape", offset_ + at_);
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }

  bool accept(char wanted) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  void expect(char wanted) {
    if (!accept(wanted)) throw unexpected();
  }

  std::string_view quoted() {
    const char quote = accept('"') ? '"' : '\'';
    if (quote == '\'') expect('\'');
    const size_t end = text_.find(quote, at_);
    const std::string_view inside = text_.substr(at_, end == std::string_view::npos ? 0 : end - at_);
    if (end == std::string_view::npos || inside.find('\\') != std::string_view::npos) throw unexpected();
    at_ = end + 1;
    return inside;
  }

  bool boolean() {
    skip_space();
    for (const std::string_view word : {"True", "False"}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return word == "True";
    }
    throw unexpected();
  }

  // Python 2 wrote 20L for 20.
  int64_t integer() {
    skip_space();
    int64_t value = 0;
    const auto [end, code] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (code != std::errc() || value < 0) throw bad_npy("its header has an impossible shape", offset_ + at_);
    at_ = static_cast<size_t>(end - text_.data());
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;
    return value;
  }

  void shape() {
    expect('(');
    while (!accept(')')) {
      if (array_.shape.size() == max_dimensions) throw bad_npy("its header has an impossible shape", offset_ + at_);
      array_.shape.push_back(integer());
      if (accept(',')) continue;
      expect(')');
      break;
    }
  }

  void entry() {
    skip_space();
    const size_t start = at_;
    const std::string_view key = quoted();
    const unsigned bit = key == "descr" ? 1 : key == "fortran_order" ? 2 : key == "shape" ? 4 : 0;
    if (bit == 0 || (found_ & bit) != 0) {
      at_ = start;
      throw unexpected();
    }
    found_ |= bit;
    expect(':');
    if (key == "descr") {
      if (accept('[')) throw Error("has records as elements, which are not read here").offset(offset_ + at_);
      array_.dtype = quoted();
    } else if (key == "fortran_order") {
      array_.fortran_order = boolean();
    } else {
      shape();
    }
  }

  std::string_view text_;
  uint64_t offset_;  // of the text in the file
  size_t at_ = 0;
  unsigned found_ = 0;
  NpyArray array_;
};

// Bytes an element, 0 for a type that is not a basic one: a byte order, a letter, a number.
uint64_t element_size(std::string_view dtype) {
  if (dtype == "?") return 1;
  uint64_t size = 0;
  if (dtype.size() < 3 || std::string_view("|<>=").find(dtype[0]) == std::string_view::npos) return 0;
  if (std::string_view("biufc").find(dtype[1]) == std::string_view::npos) return 0;
  const auto [end, code] = std::from_chars(dtype.data() + 2, dtype.data() + dtype.size(), size);
  return code == std::errc() && end == dtype.data() + dtype.size() && size <= 32 ? size : 0;
}

void take_data(NpyArray& array, std::span<const std::byte> rest, uint64_t offset) {
  uint64_t size = element_size(array.dtype);
  if (size == 0) {
    throw Error(fmt::format("has elements of type '{}', which are not read here", printable(array.dtype)))
        .offset(offset);
  }
  // An extent of 0 must not hide an overflow of the others, so it comes last.
  const bool empty = std::find(array.shape.begin(), array.shape.end(), 0) != array.shape.end();
  for (const int64_t extent : array.shape) {
    if (extent != 0 && __builtin_mul_overflow(size, static_cast<uint64_t>(extent), &size)) {
      throw bad_npy("its header has an impossible shape", offset);
    }
  }
  if (empty) size = 0;
  if (size != rest.size()) {
    throw bad_npy(fmt::format("its shape needs {} bytes, and {} follow the header", size, rest.size()), offset);
  }
  array.data = rest;
}

// What the header says, and where the data begin.
std::pair<NpyArray, uint64_t> read_header(std::span<const std::byte> bytes) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!file.starts_with(magic)) throw bad_npy("it does not begin as one", 0);
  if (file.size() < 8) throw bad_npy("it ends too early", file.size());
  const auto version = static_cast<uint8_t>(file[6]);
  if (version < 1 || version > 3) throw bad_npy(fmt::format("its version is {}", version), 6);
  const size_t width = version == 1 ? 2 : 4;
  uint32_t length = 0;
  if (file.size() < 8 + width) throw bad_npy("it ends too early", file.size());
  std::memcpy(&length, file.data() + 8, width);
  const uint64_t start = 8 + width;
  if (length > file.size() - start) throw bad_npy("its header is longer than the file", 8);
  return {Header(file.substr(start, length), start).read(), start + length};
}

}  // namespace

NpyArray parse_npy(std::span<const std::byte> bytes) {
  auto [array, start] = read_header(bytes);
  take_data(array, bytes.subspan(start), start);
  return array;
}

std::span<const std::byte> object_of_npy(std::span<const std::byte> bytes) {
  const auto [array, start] = read_header(bytes);
  return array.dtype == "|O" && array.shape.empty() ? bytes.subspan(start) : std::span<const std::byte>();
}

std::string npy_header(const std::string& dtype, const std::vector<int64_t>& shape) {
  constexpr size_t alignment = 64, prefix = 10;  // data begin at a multiple of 64 bytes, as numpy.save has it
  const std::string sizes = fmt::format("{}{}", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", dtype, sizes);
  const size_t unpadded = prefix + header.size() + 1;
  header.append((alignment - unpadded % alignment) % alignment, ' ');
  header += '\n';
  std::string bytes(magic);
  bytes += std::string("\1\0", 2);
  bytes += static_cast<char>(header.size() & 0xFF);
  bytes += static_cast<char>(header.size() >> 8);
  return bytes + header;
}

std::vector<std::byte> npy_of(const std::vector<bool>& values) {
  std::string file = npy_header("|b1", {static_cast<int64_t>(values.size())});
  for (const bool value : values) file += value ? '\1' : '\0';
  const auto bytes = std::as_bytes(std::span(file));
  return {bytes.begin(), bytes.end()};
}

}  // namespace facerec
