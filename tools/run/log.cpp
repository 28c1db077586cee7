#include "tools/run/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

namespace facerec {

void set_up_log(const CommonOptions& common) {
  auto logger = std::make_shared<spdlog::logger>("facerec", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("%H:%M:%S %^%l%$ %v");
  logger->set_level(common.quiet ? spdlog::level::warn : common.verbose ? spdlog::level::debug : spdlog::level::info);
  spdlog::set_default_logger(logger);
}

struct LogFile::Sink {
  spdlog::sink_ptr file;
};

LogFile::LogFile(const fs::path& path) : sink_(std::make_unique<Sink>()) {
  sink_->file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
  sink_->file->set_pattern("%Y-%m-%d %H:%M:%S %l %v");
  spdlog::default_logger()->sinks().push_back(sink_->file);
  spdlog::default_logger()->flush_on(spdlog::level::info);
}

LogFile::~LogFile() {
  auto& sinks = spdlog::default_logger()->sinks();
  sinks.erase(std::remove(sinks.begin(), sinks.end(), sink_->file), sinks.end());
}

std::string to_text(const nlohmann::ordered_json& json) {
  // File names need not be UTF-8; JSON must be.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void print_answer(const CommonOptions& common, const nlohmann::ordered_json& json, const std::string& text) {
  std::cout << (common.json ? to_text(json) : text) << std::flush;
}

}  // namespace facerec
