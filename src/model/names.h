// The error for a name that a registry does not have.
#pragma once

#include <span>
#include <string>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {

inline Error unknown_name(const std::string& kind, const std::string& name, std::span<const std::string> known) {
  const std::string nearest = nearest_name(name, known);
  const std::string guess = nearest.empty() ? "" : "did you mean '" + nearest + "'? ";
  return Error::usage("unknown " + kind + " '" + name + "'").hint(guess + "known: " + join(known));
}

}  // namespace facerec
