// Errors that say where in a configuration the fault stands.
#pragma once

#include <string>

#include "facerec/config/node.h"
#include "facerec/core/error.h"

namespace facerec {

inline Error config_error(const Origin& origin, const std::string& what) {
  if (!origin.argument.empty()) return Error::usage(origin.argument + ": " + what);
  const std::string place = origin.line > 0 ? "line " + std::to_string(origin.line) + ": " : "";
  return Error::usage(place + what).file(origin.file);
}

}  // namespace facerec
