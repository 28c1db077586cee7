// Runs the facerec binary as a user does.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace facerec::test {

struct Outcome {
  int exit_code;  // 128 + N when signal N killed it
  std::string out, err;
  double seconds;

  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

struct Environment {
  std::map<std::string, std::string> variables;
  long file_size_limit = 0;  // bytes that a file may grow to (ulimit -f); 0: no limit
  std::string standard_input = "/dev/null";
  std::string standard_output = "";  // "": Outcome::out has it
};

// A running process; wait() must be called.
class Process {
 public:
  Process(const std::vector<std::string>& arguments, const Environment& environment = {});
  void send(int signal) const;
  Outcome wait();

 private:
  pid_t pid_;
  std::string out_path_, err_path_;
  std::chrono::steady_clock::time_point start_;
};

Outcome facerec(const std::vector<std::string>& arguments, const Environment& environment = {});

// A small synthetic set made once for all tests of this binary: train/ with 12 identities of 8 images of 32×32 pixels,
// and eval/ with 40 pairs.
std::string small_faces();

// A configuration for a few seconds of training on it, with a validation, written into `folder`; returns its path.
std::string small_config(const std::string& folder, const std::string& more = "");

}  // namespace facerec::test
