#include "io/numpy_pickle.h"

#include <algorithm>

#include "facerec/core/error.h"

namespace facerec::pickle {
namespace {

constexpr size_t max_dimensions = 64;  // NumPy's own limit

}  // namespace

std::vector<std::byte> bytes_of(const Bytes& bytes) {
  const auto raw = std::as_bytes(std::span(bytes.text));
  if (!bytes.latin1) return {raw.begin(), raw.end()};
  std::vector<std::byte> plain;
  plain.reserve(raw.size());
  // The text is valid UTF-8, where U+0080 … U+00FF are C2 or C3 and one byte more.
  for (size_t i = 0; i < raw.size(); ++i) {
    const auto first = static_cast<uint8_t>(raw[i]);
    if (first > 0xC3) throw Error("holds, as bytes, a text with characters beyond Latin-1");
    const bool two = first >= 0x80;
    plain.push_back(two ? std::byte(static_cast<uint8_t>(first << 6) | (static_cast<uint8_t>(raw[i + 1]) & 0x3F))
                        : raw[i]);
    i += two ? 1 : 0;
  }
  return plain;
}

const std::vector<Id>* NumpyValues::call(const Value& value, std::string_view name) const {
  return value.kind == Kind::call && at(value.of).text.ends_with(name) ? &at(value.arguments).items : nullptr;
}

std::optional<Bytes> NumpyValues::bytes(const Value& value) const {
  if (value.kind == Kind::bytes) return Bytes{value.text, false};
  const std::vector<Id>* arguments = call(value, "_codecs.encode");
  if (arguments == nullptr || arguments->size() != 2) return std::nullopt;
  const Value &text = at((*arguments)[0]), &encoding = at((*arguments)[1]);
  if (text.kind != Kind::text || (encoding.text != "latin1" && encoding.text != "latin-1")) return std::nullopt;
  return Bytes{text.text, true};
}

uint64_t NumpyValues::length_of(const Bytes& bytes) {
  if (!bytes.latin1) return bytes.text.size();
  if (bytes.text.size() > countable_) throw Error("a text that is named too often");
  countable_ -= bytes.text.size();
  return static_cast<uint64_t>(
      std::count_if(bytes.text.begin(), bytes.text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string_view NumpyValues::dtype(const Value& value) const {
  const std::vector<Id>* arguments = call(value, "numpy.dtype");
  return arguments == nullptr || arguments->empty() ? "" : at(arguments->front()).text;
}

// Two ways lead to one: _reconstruct, whose state is (version, shape, dtype, Fortran order, data), and, from protocol 5
// on, _frombuffer(data, dtype, shape, order).
std::optional<NumpyArray> NumpyValues::array(const Value& value) {
  const bool rebuilt = call(value, ".multiarray._reconstruct") != nullptr;
  const std::vector<Id>* parts = rebuilt ? &at(value.state).items : call(value, ".numeric._frombuffer");
  if (parts == nullptr) return std::nullopt;
  if (parts->size() != (rebuilt ? 5 : 4)) throw Error("an incomplete NumPy array");
  const auto part = [&](size_t of_rebuilt, size_t of_buffer) -> const Value& {
    return at((*parts)[rebuilt ? of_rebuilt : of_buffer]);
  };
  NumpyArray array;
  const Value& type = part(2, 1);
  array.dtype = dtype(type);
  if (const Value& state = at(type.state); state.items.size() > 1) array.order = at(state.items[1]).text;
  const Value& fortran = part(3, 3);
  array.fortran_order = rebuilt ? fortran.number != 0 : fortran.text == "F";
  const Value& shape = part(1, 2);
  if (shape.kind != Kind::tuple || shape.items.size() > max_dimensions) throw Error("a NumPy array without a shape");
  for (const Id extent : shape.items) {
    array.shape.push_back(at(extent).kind == Kind::integer ? at(extent).number : -1);
  }
  const std::optional<Bytes> data = bytes(part(4, 0));
  if (!data) throw Error("a NumPy array without bytes");
  array.data = *data;
  array.length = length_of(*data);
  return array;
}

std::optional<uint64_t> elements_of(const std::vector<int64_t>& shape) {
  uint64_t count = 1;
  for (const int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(count, static_cast<uint64_t>(extent), &count)) return std::nullopt;
  }
  return count;
}

}  // namespace facerec::pickle
