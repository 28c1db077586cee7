#include "train/metrics_log.h"

#include <sstream>

#include "facerec/config/config.h"
#include "facerec/core/error.h"

namespace facerec {

MetricsLog::MetricsLog(const fs::path& path, int64_t step) : path_(path) {
  if (fs::exists(path)) {
    std::istringstream lines(read_text(path, uint64_t{1} << 32));
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
      const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (json.is_object() && json.value("step", int64_t{0}) <= step) kept += line + "\n";
    }
    write_file(path, kept);
  }
  file_.open(path, std::ios::app);
}

void MetricsLog::write(const nlohmann::ordered_json& line) {
  file_ << to_json_text(line) << std::endl;
  if (!file_) throw Error("cannot be written").file(text_of(path_)).hint("is the disk full?");
}

}  // namespace facerec
