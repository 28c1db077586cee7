#include "facerec/core/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/temporaries.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

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

Error too_large(const fs::path& path, uint64_t limit) {
  return Error("is larger than the " + std::to_string(limit) + " bytes that are read here").file(text_of(path));
}

// To the end, whatever size the file is said to have: a pipe has none.
template <class Buffer>
Buffer read_whole(const fs::path& path, uint64_t limit) {
  const Descriptor file(path, O_RDONLY);
  const uint64_t size = regular_size(path, file.get());
  if (size > limit) throw too_large(path, limit);
  Buffer buffer(std::max<uint64_t>(size, 1), {});
  for (uint64_t done = 0;;) {
    const ssize_t n = ::read(file.get(), buffer.data() + done, buffer.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(path, "cannot be read", errno);
    done += static_cast<uint64_t>(n);
    if (n == 0 || (size > 0 && done == size)) {
      buffer.resize(done);
      return buffer;
    }
    if (done > limit) throw too_large(path, limit);
    if (done == buffer.size()) buffer.resize(std::min(2 * done + 4096, limit + 1));
  }
}

void write_whole(const fs::path& path, int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(path, "cannot be written", errno);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

}  // namespace

Error system_error(const fs::path& path, const std::string& what, int code) {
  Error error(what + ": " + std::generic_category().message(code));
  if (code == ENOSPC || code == EDQUOT) {
    return std::move(std::move(error).file(text_of(path)).hint("free some space or choose another folder"));
  }
  return std::move(std::move(error).file(text_of(path)));
}

void sync_folder(const fs::path& folder) {
  const fs::path named = folder.empty() ? "./" : folder;
  const Descriptor directory(named, O_RDONLY | O_DIRECTORY);
  if (::fsync(directory.get()) != 0 && errno != EINVAL) throw system_error(named, "cannot be synchronised", errno);
}

fs::path temporary_sibling(const fs::path& path) {
  static std::atomic<unsigned> counter = 0;
  return path.parent_path() / ("." + path.filename().string() + std::string(temporary_mark) +
                               std::to_string(::getpid()) + "-" + std::to_string(counter++));
}

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

void AtomicFile::write(std::span<const std::byte> bytes) { write_whole(path_, descriptor_, bytes); }

void AtomicFile::write_at(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(path_, "cannot be written", errno);
    bytes = bytes.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
}

void AtomicFile::commit() {
  struct stat old {};
  if (::stat(path_.c_str(), &old) == 0) ::fchmod(descriptor_, old.st_mode & 0777);  // as far as the filesystem does it
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

bool make_folder(const fs::path& path) {
  std::error_code code;
  const bool is_new = fs::create_directories(path, code);
  if (code) throw system_error(path, "cannot be made", code.value());
  return is_new;
}

void write_file_unsynced(const fs::path& path, std::span<const std::byte> bytes, const fs::path& scratch) {
  const fs::path temporary = scratch / temporary_sibling(path).filename();
  try {
    write_whole(path, Descriptor(temporary, O_WRONLY | O_CREAT | O_EXCL).get(), bytes);
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw system_error(path, "cannot be written", errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void sync_filesystem(const fs::path& folder) {
  const Descriptor directory(folder, O_RDONLY | O_DIRECTORY);
  if (::syncfs(directory.get()) != 0) throw system_error(folder, "cannot be put on the disk", errno);
}

GrowingFile::GrowingFile(fs::path path, uint64_t keep)
    : path_(std::move(path)), part_(path_.string() + ".part"), size_(keep) {
  descriptor_ = ::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw system_error(part_, "cannot be written", errno);
  std::string fault;
  if (regular_size(part_, descriptor_) < keep) {
    fault = "has lost what was written to it";
  } else if (::ftruncate(descriptor_, static_cast<off_t>(keep)) != 0 ||
             ::lseek(descriptor_, static_cast<off_t>(keep), SEEK_SET) < 0) {
    fault = std::string("cannot be continued: ") + std::generic_category().message(errno);
  }
  if (fault.empty()) return;
  ::close(descriptor_);
  throw Error(fault).file(text_of(part_));
}

GrowingFile::~GrowingFile() { ::close(descriptor_); }

void GrowingFile::write(std::span<const std::byte> bytes) {
  constexpr size_t buffered = size_t{1} << 20;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  size_ += bytes.size();
  if (buffer_.size() >= buffered) flush();
}

void GrowingFile::overwrite(uint64_t offset, std::span<const std::byte> bytes) {
  flush();
  ::lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET);
  write_whole(part_, descriptor_, bytes);
  ::lseek(descriptor_, static_cast<off_t>(size_), SEEK_SET);
}

void GrowingFile::flush() {
  write_whole(part_, descriptor_, buffer_);
  buffer_.clear();
}

void GrowingFile::sync() {
  flush();
  if (::fdatasync(descriptor_) != 0) throw system_error(part_, "cannot be put on the disk", errno);
}

void GrowingFile::commit() {
  sync();
  if (::rename(part_.c_str(), path_.c_str()) != 0) throw system_error(path_, "cannot be written", errno);
  sync_folder(path_.parent_path());
}

FolderLock::FolderLock(const fs::path& folder)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) throw system_error(folder, "cannot be opened", errno);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const int code = errno;
  ::close(descriptor_);
  if (code == EWOULDBLOCK) throw Error::usage("another process works in it").file(text_of(folder));
  descriptor_ = -1;  // a filesystem without locks
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
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

void MappedFile::drop_pages(std::span<const std::byte> part) const {
  static const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto start = static_cast<uint64_t>(part.data() - bytes_.data());
  const uint64_t begin = (start + page - 1) / page * page, end = (start + part.size()) / page * page;
  // A hint: where the system does not take it, the pages stay.
  if (begin < end) ::madvise(const_cast<std::byte*>(bytes_.data()) + begin, end - begin, MADV_DONTNEED);
}

}  // namespace facerec
