// What the verbs print, and where.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "facerec/core/files.h"
#include "tools/verbs.h"

namespace facerec {

// Logs go to standard error.
void set_up_log(const CommonOptions& common);

// Of several processes, another than the first: its warnings and errors alone, with its number.
void quieten_log(int64_t rank);

// A copy of all log lines into a file, for a scope.
class LogFile {
 public:
  explicit LogFile(const fs::path& path);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

 private:
  struct Sink;
  std::unique_ptr<Sink> sink_;
};

// The answer of a verb: the JSON under --json, else the text.
void print_answer(const CommonOptions& common, const nlohmann::ordered_json& json, const std::string& text);

// On standard output, at once. Throws Error when it cannot be written.
void print(const std::string& text);

}  // namespace facerec
