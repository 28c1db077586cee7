// The one exception type of the project. The library never prints and never exits: it throws, and `main` turns
// what it caught into a message and an exit code.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace facerec {

class Error : public std::exception {
 public:
  // What the exit code tells a script: `usage` (2) is mended on the command line or in the configuration, `runtime` (1)
  // in the data or the machine.
  enum class Kind { runtime, usage };

  explicit Error(std::string message) : message_(std::move(message)) {}
  static Error usage(std::string message);

  // Builders, so that a throw reads as one sentence: `throw Error("no images").file(dir).hint("...")`.
  Error&& hint(std::string remedy) &&;
  Error&& file(std::string path) &&;
  Error&& offset(uint64_t bytes) &&;  // position of the fault in `file`
  Error&& key(std::string path) &&;   // of the configuration that is at fault, "data.sampler.images"

  Kind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }
  const std::string& file() const { return file_; }
  std::optional<uint64_t> offset() const { return offset_; }
  const std::string& key() const { return key_; }

  // "file: message (byte offset); hint", for logs.
  const char* what() const noexcept override;

 private:
  std::string message_, hint_, file_, key_;
  std::optional<uint64_t> offset_;
  Kind kind_ = Kind::runtime;
  mutable std::string what_;
};

}  // namespace facerec
