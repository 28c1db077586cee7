// What the writers of files and of folders have in common.
#pragma once

#include <string>
#include <string_view>

#include "facerec/core/error.h"
#include "facerec/core/files.h"

namespace facerec {

constexpr std::string_view temporary_mark = ".facerec-tmp-";  // in the name of what is not whole yet

fs::path temporary_sibling(const fs::path& path);

void sync_folder(const fs::path& folder);  // its entries, on the disk

// With the reason that errno gives, and a remedy for a full disk.
Error system_error(const fs::path& path, const std::string& what, int code);

}  // namespace facerec
