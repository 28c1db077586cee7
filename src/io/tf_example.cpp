#include "io/tf_example.h"

#include <fmt/format.h>

#include "facerec/core/error.h"

namespace facerec {
namespace {

// Of protobuf's encoding (protobuf.dev/programming-guides/encoding). 3 and 4 are groups, which no version of these
// messages had, and 6 and 7 nothing.
enum WireType : unsigned { varint = 0, eight_bytes = 1, counted = 2, four_bytes = 5 };
// Field numbers.
constexpr unsigned example_features = 1, features_feature = 1, entry_name = 1, entry_feature = 2, bytes_list = 1,
                   int64_list = 3, list_value = 1;

Error bad_example(const std::string& what, uint64_t offset) {
  return Error("the record is no tf.train.Example: " + what).offset(offset);
}

// A message or a list of packed numbers, read from its front to its back.
class ExampleReader {
 public:
  ExampleReader() = default;
  ExampleReader(std::string_view text, uint64_t offset) : rest_(text), offset_(offset) {}
  bool done() const { return rest_.empty(); }
  uint64_t offset() const { return offset_; }
  std::string_view rest() const { return rest_; }

  // Seven bits a byte, the low ones first; the last byte is below 128.
  uint64_t number() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      const auto byte = static_cast<uint8_t>(take(1)[0]);
      value |= uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    throw bad_example("a number has more than ten digits", offset_);
  }

  ExampleReader part() {
    const uint64_t count = number(), at = offset_;
    return {take(count), at};
  }

  std::string_view take(uint64_t count) {
    if (count > rest_.size()) throw bad_example("a length leads beyond the end", offset_);
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    offset_ += count;
    return taken;
  }

 private:
  std::string_view rest_;
  uint64_t offset_ = 0;  // in the file
};

struct Field {
  unsigned number, type;
  uint64_t at;            // where it begins, in the file
  ExampleReader content;  // of a counted one
  uint64_t value;         // of a varint
};

Field next(ExampleReader& message) {
  Field field{0, 0, message.offset(), {}, 0};
  const uint64_t tag = message.number();
  field.type = tag & 7;
  if (tag < 8 || tag > UINT32_MAX) throw bad_example("a field has an impossible number", field.at);
  field.number = static_cast<unsigned>(tag >> 3);
  switch (field.type) {
    case varint: field.value = message.number(); break;
    case eight_bytes: message.take(8); break;
    case counted: field.content = message.part(); break;
    case four_bytes: message.take(4); break;
    default: throw bad_example(fmt::format("a field has the wire type {}", field.type), field.at);
  }
  return field;
}

template <class Each>
void for_each(ExampleReader message, unsigned number, Each each) {
  while (!message.done()) {
    const Field field = next(message);
    if (field.number == number) each(field);
  }
}

ExampleReader content_of(const Field& field) {
  if (field.type != counted)
    throw bad_example(fmt::format("field {} has the wire type {}", field.number, field.type), field.at);
  return field.content;
}

// Of the fields that occur once. Protobuf would take the last one, or join them; no writer leaves that to chance.
std::optional<ExampleReader> only(ExampleReader message, unsigned number) {
  std::optional<ExampleReader> found;
  for_each(message, number, [&](const Field& field) {
    if (found) throw bad_example(fmt::format("field {} occurs twice", number), field.at);
    found = content_of(field);
  });
  return found;
}

std::optional<ExampleReader> find(ExampleReader example, std::string_view name) {
  std::optional<ExampleReader> found;
  for_each(only(example, example_features).value_or(ExampleReader()), features_feature, [&](const Field& entry) {
    if (only(content_of(entry), entry_name).value_or(ExampleReader()).rest() != name) return;
    if (found) throw Error(fmt::format("{} occurs twice", name)).offset(entry.at);
    found = only(entry.content, entry_feature).value_or(ExampleReader({}, entry.at));
  });
  return found;
}

ExampleReader list_of(ExampleReader feature, std::string_view name, unsigned kind) {
  const std::optional<ExampleReader> list = only(feature, kind);
  if (list) return *list;
  throw Error(fmt::format("{} has no list of {}", name, kind == bytes_list ? "bytes" : "integers"))
      .offset(feature.offset());
}

// Values of a list, of which there should be one.
template <class Value>
class OneValue {
 public:
  OneValue(std::string_view name, uint64_t offset) : name_(name), offset_(offset) {}
  void add(Value value) {
    if (value_) throw wrong("several");
    value_ = value;
  }
  Value get() const {
    if (!value_) throw wrong("no");
    return *value_;
  }

 private:
  Error wrong(const char* number) const {
    return Error(fmt::format("{} has {} values, where one is needed", name_, number)).offset(offset_);
  }

  std::string_view name_;
  uint64_t offset_;
  std::optional<Value> value_;
};

std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string digits(uint64_t value) {
  std::string result;
  for (; value >= 0x80; value >>= 7) result += static_cast<char>(value | 0x80);
  return result + static_cast<char>(value);
}

std::string field(unsigned number, std::string_view content) {
  return digits(number << 3 | counted) + digits(content.size()) + std::string(content);
}

std::string entry(std::string_view name, unsigned kind, std::string_view value) {
  const std::string list = field(list_value, value);
  return field(features_feature, field(entry_name, name) + field(entry_feature, field(kind, list)));
}

}  // namespace

std::optional<int64_t> TfExample::number(std::string_view name) const {
  const std::optional<ExampleReader> feature = find(ExampleReader(text(message_), offset_), name);
  if (!feature) return std::nullopt;
  OneValue<int64_t> value(name, feature->offset());
  for_each(list_of(*feature, name, int64_list), list_value, [&](const Field& field) {
    if (field.type == varint) return value.add(static_cast<int64_t>(field.value));
    for (ExampleReader packed = content_of(field); !packed.done();) value.add(static_cast<int64_t>(packed.number()));
  });
  return value.get();
}

std::optional<std::string_view> TfExample::bytes(std::string_view name) const {
  const std::optional<ExampleReader> feature = find(ExampleReader(text(message_), offset_), name);
  if (!feature) return std::nullopt;
  OneValue<std::string_view> value(name, feature->offset());
  for_each(list_of(*feature, name, bytes_list), list_value,
           [&](const Field& field) { value.add(content_of(field).rest()); });
  return value.get();
}

void TfExampleWriter::add(std::string_view name, int64_t number) {
  features_ += entry(name, int64_list, digits(static_cast<uint64_t>(number)));
}

void TfExampleWriter::add(std::string_view name, std::string_view bytes) {
  features_ += entry(name, bytes_list, bytes);
}

std::string TfExampleWriter::message() const { return field(example_features, features_); }

}  // namespace facerec
