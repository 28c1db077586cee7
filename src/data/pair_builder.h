// Pairs of image files, gathered one by one: what lists and CFP's protocol come down to.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/image_files.h"
#include "facerec/data/pairs.h"

namespace facerec {

class PairBuilder {
 public:
  // `images`: the folder that paths are relative to.
  PairBuilder(fs::path images, bool skip_missing) : root_(std::move(images)), skip_missing_(skip_missing) {}

  // `path` when there is such a file below the folder; else "" with skip_missing, or a usage Error that names `origin`.
  std::string existing(const std::string& path, const std::string& origin) const;

  // A pair with an empty path counts as missing.
  void add(const std::string& a, const std::string& b, bool same, uint16_t fold);

  const fs::path& root() const { return root_; }

  // The pairs, and each of their images once, of the identity that its folder names. `source`: what names them, for the
  // usage Error when there are none.
  PairSet finish(const std::string& name, const fs::path& source);

 private:
  uint32_t number_of(const std::string& path);

  fs::path root_;
  bool skip_missing_;
  std::vector<std::string> paths_;
  std::map<std::string, uint32_t> numbers_;
  PairSet set_;
};

}  // namespace facerec
