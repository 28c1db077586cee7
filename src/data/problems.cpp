#include "facerec/data/problems.h"

namespace facerec {

void Problems::add(BadInput problem) {
  if (strict_) throw Error(problem.reason).file(problem.name);
  ++count_;
  if (list_.size() < listed) list_.push_back(std::move(problem));
}

}  // namespace facerec
