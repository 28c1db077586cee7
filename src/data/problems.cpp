#include "facerec/data/problems.h"

namespace facerec {

void Problems::add(BadInput problem) {
  if (strict_) throw Error(problem.reason).file(problem.name);
  ++count_;
  if (list_.size() < listed) list_.push_back(std::move(problem));
}

std::vector<BadInput> Problems::told() const {
  std::vector<BadInput> all = list_;
  const int64_t others = count_ - static_cast<int64_t>(list_.size());
  if (others > 0) all.push_back({"…", "and " + std::to_string(others) + " more"});
  return all;
}

}  // namespace facerec
