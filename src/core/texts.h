// Many short texts without an allocation for each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace facerec {

class Texts {
 public:
  void add(std::string_view text) {
    characters_ += text;
    ends_.push_back(characters_.size());
  }
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t i) const {
    const uint64_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(characters_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string characters_;
  std::vector<uint64_t> ends_;
};

}  // namespace facerec
