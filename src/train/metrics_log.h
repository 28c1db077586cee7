// What a run tells of itself while it goes on, in two files from the same numbers: metrics.jsonl, a JSON object a line
// (facerec/io/metrics.h), and the event file that TensorBoard reads.
#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "facerec/core/files.h"

namespace facerec {

class MetricsLog {
 public:
  // Continues metrics.jsonl of the folder `run`, dropping lines of steps after `step` that a killed process had
  // written, and begins a new event file, which has TensorBoard drop them too.
  MetricsLog(const fs::path& run, int64_t step);
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  // Adds "seconds" to the line, and writes it to both files at once, so that a process may be killed at any time. When
  // the disk is full, it warns, and what is missing follows as soon as there is space again. In TensorBoard "loss" is
  // train/loss, "classification" of "losses" train/classification, "lfw" of "validation" validation/lfw.
  void write(nlohmann::ordered_json line);

 private:
  class File;
  std::unique_ptr<File> lines_, events_;
  double seconds_before_ = 0;  // in earlier processes
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// The figures of a line of metrics.jsonl that tell how the training fares, of those that it has:
// "loss 5.213  cosine 0.412  gradient 1.83  lr 0.1".
std::string words_of(const nlohmann::ordered_json& line);

}  // namespace facerec
