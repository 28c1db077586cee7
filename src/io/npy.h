// NumPy's .npy files: one array of one basic type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace facerec {

struct NpyArray {
  std::string dtype;  // as NumPy spells it: "|b1", "<f4"; the byte order is |, <, > or =
  bool fortran_order = false;
  std::vector<int64_t> shape;
  std::span<const std::byte> data;  // in the bytes that were parsed
};

// Versions 1 to 3 of the format. The header is a Python dictionary of a text, a boolean and a tuple of integers, and is
// read as nothing else. Throws Error with its offset when the file is damaged, holds records or Python objects, or has
// more or fewer bytes than its shape and type say.
NpyArray parse_npy(std::span<const std::byte> bytes);

// The pickle of a file with a single Python object (type '|O', shape ()), as numpy.save writes a dictionary; empty for
// a file with anything else. Throws Error when the header is damaged.
std::span<const std::byte> object_of_npy(std::span<const std::byte> bytes);

// What comes before the values of an array in C order, as numpy.save writes it. For one or two dimensions it is always
// of 128 bytes, so that it can be written again when the rows are counted.
std::string npy_header(const std::string& dtype, const std::vector<int64_t>& shape);

// A file with one array of one dimension, as numpy.save writes it.
std::vector<std::byte> npy_of(const std::vector<bool>& values);

}  // namespace facerec
