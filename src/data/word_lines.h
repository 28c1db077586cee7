// Text files whose lines are words: tab-separated where a line holds a tab, so that words may hold spaces; else
// separated by white space.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "facerec/core/error.h"
#include "facerec/core/files.h"

namespace facerec {

using Words = std::span<const std::string_view>;

// Calls work(number, words) for each line that is not blank, numbered from 1; a byte order mark and carriage returns
// are left out. The words live as long as the call.
void for_word_lines(const fs::path& file, const std::function<void(int64_t number, Words words)>& work);

Error bad_line(const fs::path& file, int64_t line, const std::string& what);  // usage; names both

}  // namespace facerec
