// What is said of images or templates that could not be processed.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace facerec {

// "3 of 807 images could not be processed: their 5 pairs count as non-matches (ISO/IEC 19795-1)"
inline std::string failure_note(uint64_t failed, uint64_t all, std::string_view what, uint64_t pairs) {
  return fmt::format("{} of {} {} could not be processed: their {} pairs count as non-matches (ISO/IEC 19795-1)",
                     failed, all, what, pairs);
}

}  // namespace facerec
