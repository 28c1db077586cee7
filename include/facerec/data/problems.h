// What is wrong with single images of a data set that can do without them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "facerec/core/error.h"

namespace facerec {

struct BadInput {
  std::string name, reason;
};

// Collects what opening a training set leaves out: records without a label, files that are absent. What is wrong with a
// set as a whole (an index that does not fit, a file cut off) is an Error.
class Problems {
 public:
  explicit Problems(bool strict = false) : strict_(strict) {}

  void add(BadInput problem);  // strict: throws it
  int64_t count() const { return count_; }
  const std::vector<BadInput>& list() const { return list_; }  // the first `listed`
  std::vector<BadInput> told() const;                          // list(), and an entry that counts the others

  static constexpr size_t listed = 1000;

 private:
  bool strict_;
  int64_t count_ = 0;
  std::vector<BadInput> list_;
};

}  // namespace facerec
