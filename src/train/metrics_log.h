// metrics.jsonl: one JSON object a line, appended while a run goes on.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>

#include "facerec/core/files.h"

namespace facerec {

class MetricsLog {
 public:
  // Continues the file, dropping lines of steps after `step` that a killed process had written.
  MetricsLog(const fs::path& path, int64_t step);
  void write(const nlohmann::ordered_json& line);

 private:
  fs::path path_;
  std::ofstream file_;
};

}  // namespace facerec
