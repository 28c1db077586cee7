// Errors that say where in a configuration the fault stands.
#pragma once

#include <string>

#include "facerec/config/node.h"
#include "facerec/core/error.h"

namespace facerec {

inline Error error_of(Error::Kind kind, const std::string& what) {
  return kind == Error::Kind::usage ? Error::usage(what) : Error(what);
}

inline Error config_error(const Origin& origin, const std::string& what, Error::Kind kind = Error::Kind::usage) {
  if (!origin.argument.empty()) return error_of(kind, origin.argument + ": " + what);
  const std::string place = origin.line > 0 ? "line " + std::to_string(origin.line) + ": " : "";
  return error_of(kind, place + what).file(origin.file);
}

}  // namespace facerec
