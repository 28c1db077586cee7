#include "facerec/core/error.h"

namespace facerec {

Error Error::usage(std::string message) {
  Error error(std::move(message));
  error.kind_ = Kind::usage;
  return error;
}

Error&& Error::hint(std::string remedy) && {
  hint_ = std::move(remedy);
  return std::move(*this);
}

Error&& Error::file(std::string path) && {
  file_ = std::move(path);
  return std::move(*this);
}

Error&& Error::offset(uint64_t bytes) && {
  offset_ = bytes;
  return std::move(*this);
}

Error&& Error::key(std::string path) && {
  key_ = std::move(path);
  return std::move(*this);
}

const char* Error::what() const noexcept {
  try {
    what_ = file_.empty() ? message_ : file_ + ": " + message_;
    if (offset_) what_ += " (at byte " + std::to_string(*offset_) + ")";
    if (!hint_.empty()) what_ += "; " + hint_;
    return what_.c_str();
  } catch (...) {
    return message_.c_str();
  }
}

}  // namespace facerec
