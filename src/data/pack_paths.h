// Where an image goes in a folder of identities. Names in data sets may be anything: "..", "F1/m1", 300 bytes long.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "facerec/data/dataset.h"

namespace facerec {

// `name` as the name of one folder or file: itself where it can be one, else with what cannot be in it replaced and a
// checksum behind it, so that different names stay different.
std::string plain_name(std::string_view name);

// "identity/file", both plain names, the second with an extension where the set tells one.
std::string packed_path(const Dataset& data, int64_t index);

const char* extension_of(ImageFormat format);  // ".jpg"

// Gives every image a path of its own: the second of a name gets the image's number.
class UniquePaths {
 public:
  // Equal calls in equal order give equal paths. Without an extension the path is kept free with each that it may get.
  std::string take(const std::string& path, int64_t index);

 private:
  bool insert(const std::string& path);
  std::unordered_set<size_t> taken_;  // hashes; two paths of one hash cost a number behind the second
};

}  // namespace facerec
