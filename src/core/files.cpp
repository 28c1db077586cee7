#include "facerec/core/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "facerec/core/error.h"

namespace facerec {
namespace {

constexpr std::string_view temporary_mark = ".facerec-tmp-";

Error system_error(const fs::path& path, const std::string& what, int code) {
  Error error(what + ": " + std::generic_category().message(code));
  if (code == ENOSPC || code == EDQUOT) {
    return std::move(std::move(error).file(text_of(path)).hint("free some space or choose another folder"));
  }
  return std::move(std::move(error).file(text_of(path)));
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : value_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (value_ < 0) throw system_error(path, "cannot open", errno);
  }
  ~Descriptor() { ::close(value_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

uint64_t regular_size(const fs::path& path, int descriptor) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) throw system_error(path, "cannot be read", errno);
  if (S_ISDIR(info.st_mode)) throw Error("is a folder, not a file").file(text_of(path));
  return static_cast<uint64_t>(info.st_size);
}

template <class Buffer>
Buffer read_whole(const fs::path& path, uint64_t limit) {
  const Descriptor file(path, O_RDONLY);
  const uint64_t size = regular_size(path, file.get());
  if (size > limit) {
    throw Error("is " + std::to_string(size) + " bytes, more than the " + std::to_string(limit) + " that are read here")
        .file(text_of(path));
  }
  Buffer buffer(size, {});
  for (uint64_t done = 0; done < size;) {
    const ssize_t n = ::read(file.get(), buffer.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(path, "cannot be read", errno);
    if (n == 0) throw Error("became shorter while it was read").file(text_of(path)).offset(done);
    done += static_cast<uint64_t>(n);
  }
  return buffer;
}

void sync_folder(const fs::path& folder) {
  const Descriptor directory(folder.empty() ? fs::path(".") : folder, O_RDONLY | O_DIRECTORY);
  if (::fsync(directory.get()) != 0 && errno != EINVAL) throw system_error(folder, "cannot be synchronised", errno);
}

// `folder` gets the name `path`; what had the name before keeps the other one. Filesystems that cannot exchange two
// names in one step do it in three.
void take_place(const fs::path& folder, const fs::path& path) {
  if (!fs::exists(path)) return fs::rename(folder, path);
  if (::renameat2(AT_FDCWD, folder.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0) return;
  const fs::path aside = folder.string() + "-old";
  fs::rename(path, aside);
  fs::rename(folder, path);
  fs::rename(aside, folder);
}

fs::path temporary_sibling(const fs::path& path) {
  static std::atomic<unsigned> counter = 0;
  return path.parent_path() / ("." + path.filename().string() + std::string(temporary_mark) +
                               std::to_string(::getpid()) + "-" + std::to_string(counter++));
}

}  // namespace

std::vector<std::byte> read_file(const fs::path& path, uint64_t limit) {
  return read_whole<std::vector<std::byte>>(path, limit);
}

std::string read_text(const fs::path& path, uint64_t limit) { return read_whole<std::string>(path, limit); }

AtomicFile::AtomicFile(fs::path path)
    : path_(std::move(path)),
      temporary_(temporary_sibling(path_)),
      descriptor_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw system_error(path_, "cannot be written", errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(path_, "cannot be written", errno);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) throw system_error(path_, "cannot be written", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw system_error(path_, "cannot be written", errno);
  ::close(descriptor_);
  descriptor_ = -1;
  sync_folder(path_.parent_path());
}

void write_file(const fs::path& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void write_file(const fs::path& path, std::string_view text) { write_file(path, std::as_bytes(std::span(text))); }

void write_folder(const fs::path& path, const std::function<void(const fs::path&)>& fill) {
  const fs::path temporary = temporary_sibling(path);
  try {
    fs::create_directories(temporary);
    fill(temporary);
    sync_folder(temporary);
    take_place(temporary, path);
    sync_folder(path.parent_path());
    fs::remove_all(temporary);
  } catch (const fs::filesystem_error& failure) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw system_error(path, "cannot be written", failure.code().value());
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
}

void remove_temporaries(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().find(temporary_mark) != std::string::npos)
      fs::remove_all(entry.path(), ignored);
  }
}

MappedFile::MappedFile(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  const uint64_t size = regular_size(path, file.get());
  if (size == 0) return;
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) throw system_error(path, "cannot be mapped", errno);
  bytes_ = {static_cast<const std::byte*>(address), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace facerec
