// NumPy's arrays inside a Python pickle.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "io/pickle.h"

namespace facerec::pickle {

// What pickles of arrays call. NumPy 2 moved its modules.
inline constexpr std::array<Callable, 8> numpy_callables{{{"_codecs.encode"},
                                                          {"numpy.dtype"},
                                                          {"numpy.core.multiarray._reconstruct"},
                                                          {"numpy._core.multiarray._reconstruct"},
                                                          {"numpy.core.numeric._frombuffer"},
                                                          {"numpy._core.numeric._frombuffer"},
                                                          {"numpy.core.multiarray.scalar"},
                                                          {"numpy._core.multiarray.scalar"}}};

// Bytes, where the pickle has them.
struct Bytes {
  std::string_view text;
  bool latin1 = false;  // bytes 0 … 255 as the characters of a UTF-8 text: how Python 3 writes bytes in protocol 2
};

// Throws Error when a text has a character beyond Latin-1.
std::vector<std::byte> bytes_of(const Bytes& bytes);

struct NumpyArray {
  std::string_view dtype;  // "f4", "|u1", "O8"
  std::string_view order;  // "<", ">", "|"; "" where the pickle does not say
  bool fortran_order = false;
  std::vector<int64_t> shape;
  Bytes data;           // `length` bytes
  uint64_t length = 0;  // not yet compared with the shape
};

class NumpyValues {
 public:
  // `countable`: bytes of texts whose characters may be counted; a pickle may name one long text very often.
  NumpyValues(const Tree& tree, uint64_t countable) : tree_(tree), countable_(countable) {}

  // The arguments of a call of `name`, where `value` is one: of the last part of a name, whatever its module.
  const std::vector<Id>* call(const Value& value, std::string_view name) const;

  // nullopt when `value` is not bytes.
  std::optional<Bytes> bytes(const Value& value) const;

  uint64_t length_of(const Bytes& bytes);

  // The name of a dtype, "f4"; "" when `value` is none.
  std::string_view dtype(const Value& value) const;

  // nullopt when `value` is not an array. Throws Error, to be read after "has … as", when it is a damaged one.
  std::optional<NumpyArray> array(const Value& value);

 private:
  const Value& at(Id id) const { return tree_[id]; }
  const Tree& tree_;
  uint64_t countable_;
};

// How many elements an array of this shape has; nullopt when there are too many to count or an extent is negative.
std::optional<uint64_t> elements_of(const std::vector<int64_t>& shape);

}  // namespace facerec::pickle
