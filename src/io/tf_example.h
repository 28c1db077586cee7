// The messages in TensorFlow's record files, tensorflow/core/example/{example,feature}.proto: names with a list of
// numbers or of byte strings each.
//
// Parsed here instead of by protobuf's library, which copies every string and takes up to 40 bytes of memory for a byte
// of such a message: values are used where they lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace facerec {

class TfExample {
 public:
  // `offset`: of the message in its file, for errors. `message` outlives it.
  explicit TfExample(std::span<const std::byte> message, uint64_t offset = 0) : message_(message), offset_(offset) {}

  // The one value of a feature; none when the message has no feature of this name. Throws Error, with the offset, when
  // it has none or several values, values of another kind or occurs twice, and when the message is no Example. Lists of
  // numbers may be packed or not. Features that are not asked for may be anything.
  std::optional<int64_t> number(std::string_view name) const;
  std::optional<std::string_view> bytes(std::string_view name) const;

 private:
  std::span<const std::byte> message_;
  uint64_t offset_;
};

// Builds a message; features stand in it in the order of the calls.
class TfExampleWriter {
 public:
  void add(std::string_view name, int64_t number);
  void add(std::string_view name, std::string_view bytes);
  std::string message() const;

 private:
  std::string features_;
};

}  // namespace facerec
