// Reads a Python pickle (protocols 0 to 5) into a tree of inert values: nothing is imported, nothing is called.
//
// Opcodes as documented in Python's pickletools. Refused: calls that are not listed, INST and OBJ, which call too, the
// extension registry, text persistent ids, out-of-band buffers.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace facerec::pickle {

// Index of a value in its Tree. Values refer to each other by it, so cycles and shared values cost nothing.
using Id = uint32_t;

enum class Kind : uint8_t {
  none,
  boolean,
  integer,  // fits int64
  big,      // an integer that does not: `text` holds its little-endian two's complement
  real,     // a float
  text,     // a str: valid UTF-8
  bytes,    // bytes, bytearray, or a str of Python 2
  list,
  tuple,
  dict,
  set,
  global,      // a class or function by name: `text` is "module.name"
  call,        // what REDUCE would have called: `of`, with the tuple `arguments`
  object,      // what NEWOBJ would have made: of class `of`, with `state`
  persistent,  // a persistent id: the tuple `of`
};

struct Value {
  Kind kind = Kind::none;
  Id of = 0;
  Id arguments = 0;
  Id state = 0;           // of dict, call, object: what BUILD would have set, or None
  int64_t number = 0;     // boolean, integer; the bits of a real
  std::string_view text;  // text, bytes, big, global
  std::vector<Id> items;  // list, tuple, set: the elements; dict, object: key, value, key, value, …

  double real() const { return std::bit_cast<double>(number); }
};

// The strings lie in the pickle's bytes where they can, so these must outlive the tree.
class Tree {
 public:
  const Value& operator[](Id id) const { return values_[id]; }
  Id size() const { return static_cast<Id>(values_.size()); }
  Id root() const { return root_; }
  uint64_t length() const { return length_; }  // bytes of the pickle, with its STOP

 private:
  friend class Machine;
  std::deque<Value> values_;  // 0 is None
  std::deque<std::string> strings_;
  Id root_ = 0;
  uint64_t length_ = 0;
};

// A callable that REDUCE may name, and what comes of it. A `dict` is made empty or from a dict or list of pairs, a
// `list` empty or from a list.
struct Callable {
  std::string_view name;  // "module.name"
  Kind makes = Kind::call;
};

// Reads the pickle at the start of `bytes`; what follows it is left alone. Throws Error (its offset counted from
// `base`) when the pickle is damaged, calls something that is not in `callables`, or has more than 2 million values.
Tree read(std::span<const std::byte> bytes, std::span<const Callable> callables, uint64_t base = 0);

}  // namespace facerec::pickle
