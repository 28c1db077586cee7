// Errors about what a configuration's key names.
#pragma once

#include <string>
#include <utility>

#include "facerec/core/error.h"

namespace facerec {

// What `make` returns. An Error that it throws is one of `key` ("data.train.0.path"), which located() finds in the
// file.
template <class Make>
auto at_key(const std::string& key, Make&& make) {
  try {
    return std::forward<Make>(make)();
  } catch (Error& error) {
    throw std::move(error).key(key);
  }
}

}  // namespace facerec
