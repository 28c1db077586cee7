// Files that are whole or absent, and reading with errors that name the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace facerec {

namespace fs = std::filesystem;

// The whole file. Throws Error (with the reason) when it cannot be read or is larger than `limit` bytes.
std::vector<std::byte> read_file(const fs::path& path, uint64_t limit = uint64_t{1} << 32);
std::string read_text(const fs::path& path, uint64_t limit = uint64_t{1} << 28);

// A file that appears under its name only when commit() has put all of it on the disk (temporary file in the same
// folder, fsync, rename, fsync of the folder). It keeps the permissions of a file that it replaces. Destroyed without
// commit(), it leaves nothing.
class AtomicFile {
 public:
  explicit AtomicFile(fs::path path);  // throws Error when the folder does not take a file
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);  // throws Error, e.g. when no space is left
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  // At any place; what is not written up to the end is zero. write() goes on from where it was.
  void write_at(uint64_t offset, std::span<const std::byte> bytes);
  void commit();  // with the permissions of the file that it replaces

 private:
  fs::path path_, temporary_;
  int descriptor_;
};

void write_file(const fs::path& path, std::span<const std::byte> bytes);
void write_file(const fs::path& path, std::string_view text);

// With those above it; whether it was not there before. Throws Error naming it.
bool make_folder(const fs::path& path);

// For many small files: whole under its name or absent, but not yet on the disk, where sync_filesystem() puts all of
// them in one call. The file is made in the folder `scratch`, of the same filesystem, which a killed process leaves it
// in.
void write_file_unsynced(const fs::path& path, std::span<const std::byte> bytes, const fs::path& scratch);
void sync_filesystem(const fs::path& folder);  // the whole filesystem that the folder is on

// A file that is written over several lives of a process: under the name `path`.part until commit() renames it. Unlike
// AtomicFile it stays when it is destroyed, and the next one goes on from a size that sync() has put on the disk.
class GrowingFile {
 public:
  // Keeps the first `keep` bytes of an earlier .part. Throws Error when it has fewer, or cannot be written.
  explicit GrowingFile(fs::path path, uint64_t keep = 0);
  ~GrowingFile();
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;

  void write(std::span<const std::byte> bytes);  // buffered; throws Error, e.g. when no space is left
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  // In place of bytes that are written already, such as a header that tells how much follows it.
  void overwrite(uint64_t offset, std::span<const std::byte> bytes);
  uint64_t size() const { return size_; }  // with what is still buffered
  void sync();                             // on the disk, all of it
  void commit();

 private:
  void flush();
  fs::path path_, part_;
  int descriptor_ = -1;
  uint64_t size_;
  std::vector<std::byte> buffer_;
};

// As write_file, for a folder: `fill` writes into a temporary sibling, which then takes the name `path`. A folder that
// has the name already is replaced. When `fill` throws, or the process dies, `path` is as it was.
void write_folder(const fs::path& path, const std::function<void(const fs::path& temporary)>& fill);

// Removes what a killed process left of AtomicFile and write_folder in `folder`.
void remove_temporaries(const fs::path& folder);
void remove_temporaries_of(const fs::path& file);  // those of AtomicFile for this file alone

// Holds a folder for this process, so that no second one works in it; released with the object or the process. On a
// file system without locks it holds nothing, and says nothing.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder);  // throws a usage Error when another process holds it
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

// A read-only mapping of a whole file; empty files map to an empty span.
class MappedFile {
 public:
  explicit MappedFile(const fs::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return bytes_; }

  // Gives back the memory of the whole pages in `part`, a part of bytes(); they are read anew when they are next used.
  void drop_pages(std::span<const std::byte> part) const;

 private:
  std::span<const std::byte> bytes_;
};

// The path as text in UTF-8, for messages.
inline std::string text_of(const fs::path& path) { return path.string(); }

}  // namespace facerec
