// A strict reader of the part of HDF5 that Keras writes (The HDF5 Group, HDF5 File Format Specification): superblock 0
// or 1, groups as symbol tables, contiguous data, attributes of texts.
//
// libhdf5 is not used: it dies of damaged files (1.10.8 of a few flipped bytes in an attribute), follows links out of
// the file and loads filters from folders that the environment names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "facerec/io/tensor_file.h"

namespace facerec {

class Hdf5File {
 public:
  using Object = uint64_t;  // the address of its header

  // Views and names lie in `bytes`. All members throw Error, with the offset, when the file is damaged or uses what is
  // not read.
  explicit Hdf5File(std::span<const std::byte> bytes);

  Object root() const { return root_; }
  bool is_group(Object object);

  // What a group holds. A link that is not a hard one, which may lead anywhere, is refused.
  const std::map<std::string, Object>& group(Object object);

  // What "a/b" names below a group, if anything.
  std::optional<Object> find(Object group, std::string_view path);

  // An attribute that is a list of texts, if there is one.
  std::optional<std::vector<std::string>> texts(Object object, std::string_view name);

  // A data set of floats or integers.
  TensorView data(Object object);

 private:
  struct Message {
    uint16_t type;
    uint64_t offset, size;
  };
  struct Links;
  class Cursor;

  Cursor at(uint64_t offset, uint64_t size);
  std::vector<Message> messages(Object object);
  std::optional<Message> table(Object object);  // of a group's links
  void read_tree(uint64_t node, int level, Links& links);
  void read_leaf(uint64_t node, Links& links);
  std::vector<std::string> texts_of(Cursor attribute, std::string_view type, std::string_view space);
  std::string heap_text(uint64_t collection, uint32_t index, uint64_t length);

  std::span<const std::byte> bytes_;
  uint64_t left_;  // bytes of structure that may still be read: what points in circles is not followed for ever
  Object root_ = 0;
  std::map<Object, std::map<std::string, Object>> groups_;  // those read so far
};

}  // namespace facerec
