#include "io/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "facerec/core/error.h"

namespace facerec {
namespace {

// A record of a face takes some 2 to 10 KB.
constexpr uint64_t smallest_window = 4096, largest_window = uint64_t{1} << 20;

std::string reason(int code) { return std::generic_category().message(code); }

}  // namespace

// O_NONBLOCK: a pipe would wait for someone who writes to it.
FileSource::FileSource(fs::path path)
    : path_(std::move(path)), descriptor_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (descriptor_ < 0) throw Error("cannot open: " + reason(errno)).file(text_of(path_));
  struct stat info {};
  const bool known = ::fstat(descriptor_, &info) == 0;
  if (known && S_ISREG(info.st_mode)) {
    size_ = static_cast<uint64_t>(info.st_size);
    return;
  }
  ::close(descriptor_);
  throw Error(known ? "is not a file" : "cannot be read").file(text_of(path_));
}

FileSource::~FileSource() { ::close(descriptor_); }

void FileSource::read(uint64_t offset, std::span<std::byte> into) const {
  while (!into.empty()) {
    const ssize_t n = ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error("cannot be read: " + reason(errno)).file(text_of(path_)).offset(offset);
    if (n == 0) throw Error("has become shorter while it was used").file(text_of(path_)).offset(offset);
    offset += static_cast<uint64_t>(n);
    into = into.subspan(static_cast<size_t>(n));
  }
}

void ForwardSource::read(uint64_t offset, std::span<std::byte> into) const {
  if (into.size() <= window_.size() && offset >= begin_ && offset - begin_ <= window_.size() - into.size()) {
    std::ranges::copy(std::span(window_).subspan(offset - begin_, into.size()), into.begin());
    return;
  }
  const bool forward = offset >= begin_ && offset - begin_ <= 2 * window_.size();
  const uint64_t wanted = std::clamp(forward ? 2 * window_.size() : 0, smallest_window, largest_window);
  if (into.size() >= wanted) return source_.read(offset, into);
  window_.resize(std::min(wanted, size() - offset));
  source_.read(offset, window_);
  begin_ = offset;
  std::ranges::copy(std::span(window_).first(into.size()), into.begin());
}

}  // namespace facerec
