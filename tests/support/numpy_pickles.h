// Pickles of NumPy's arrays made by hand.
#pragma once

#include <string>

#include "support/checkpoints.h"

namespace facerec::test {

using namespace std::string_literals;

inline std::string binary(const std::string& content) {
  return "C" + std::string{static_cast<char>(content.size())} + content;
}
inline std::string tuple(const std::string& items) { return "(" + items + "t"; }
inline std::string list(const std::string& items) { return "](" + items + "e"; }

// What NumPy 1 pickles.
inline std::string dtype(const std::string& type) {
  const std::string made = global("numpy", "dtype") + tuple(pickled(type) + "\x89\x88") + "R";
  return made + tuple("K\3" + pickled(std::string_view("|")) + "NNNJ\xFF\xFF\xFF\xFFJ\xFF\xFF\xFF\xFFK\0"s) + "b";
}
inline std::string array(const std::string& type, const std::string& shape, const std::string& data) {
  const std::string empty = global("numpy.core.multiarray", "_reconstruct") +
                            tuple(global("numpy", "ndarray") + tuple("K\0"s) + binary("b")) + "R";
  return empty + tuple("K\1" + tuple(shape) + dtype(type) + "\x89" + data) + "b";
}

}  // namespace facerec::test
