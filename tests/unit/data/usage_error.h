// What the user is told.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "facerec/core/error.h"

namespace facerec::test {

// The text of the usage Error that `work` throws, with file and hint.
template <class Work>
std::string usage_error(Work work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage) << error.what();
    return error.what();
  }
  return "no error";
}

}  // namespace facerec::test
