#include "facerec/core/folder_writer.h"

#include <fcntl.h>

#include <cstdio>

#include "core/temporaries.h"

namespace facerec {
namespace {

constexpr std::string_view aside_suffix = "-old";

// `folder` gets the name `path`; what had the name before keeps the other one. Filesystems that cannot exchange two
// names in one step do it in three.
void take_place(const fs::path& folder, const fs::path& path) {
  if (!fs::exists(path)) return fs::rename(folder, path);
  if (::renameat2(AT_FDCWD, folder.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0) return;
  const fs::path aside = folder.string() + std::string(aside_suffix);
  fs::rename(path, aside);
  fs::rename(folder, path);
  fs::rename(aside, folder);
}

// take_place() was interrupted between its renames: what had the name gets it back.
void restore_moved_aside(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    const size_t mark = name.find(temporary_mark);
    if (mark == std::string::npos || !name.ends_with(aside_suffix)) continue;
    const fs::path original = folder / name.substr(1, mark - 1);
    if (!fs::exists(original, ignored)) fs::rename(entry.path(), original, ignored);
  }
}

}  // namespace

FolderWriter::FolderWriter(fs::path path) : path_(std::move(path)), temporary_(temporary_sibling(path_)) {
  std::error_code code;
  fs::create_directories(temporary_, code);
  if (code) throw system_error(path_, "cannot be written", code.value());
}

FolderWriter::~FolderWriter() {
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
}

void FolderWriter::commit() {
  try {
    sync_folder(temporary_);
    take_place(temporary_, path_);
    sync_folder(path_.parent_path());
  } catch (const fs::filesystem_error& failure) {
    throw system_error(path_, "cannot be written", failure.code().value());
  }
}

void write_folder(const fs::path& path, const std::function<void(const fs::path&)>& fill) {
  FolderWriter folder(path);
  try {
    fill(folder.temporary());
  } catch (const fs::filesystem_error& failure) {
    throw system_error(path, "cannot be written", failure.code().value());
  }
  folder.commit();
}

void remove_temporaries(const fs::path& folder) {
  std::error_code ignored;
  restore_moved_aside(folder);
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().find(temporary_mark) != std::string::npos)
      fs::remove_all(entry.path(), ignored);
  }
}

void remove_temporaries_of(const fs::path& file) {
  std::error_code ignored;
  const std::string beginning = "." + file.filename().string() + std::string(temporary_mark);
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().starts_with(beginning)) fs::remove(entry.path(), ignored);
  }
}

}  // namespace facerec
