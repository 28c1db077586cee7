// Small helpers for names in messages.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace facerec {

// The name nearest to `word` by edit distance, or "" when none is near enough to be a slip of the fingers.
std::string nearest_name(std::string_view word, std::span<const std::string> names);

// "a, b, c"
std::string join(std::span<const std::string> parts, std::string_view separator = ", ");

// ASCII lower case; other bytes are kept.
std::string lower(std::string_view text);

}  // namespace facerec
