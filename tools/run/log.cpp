#include "tools/run/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "facerec/config/config.h"
#include "facerec/core/error.h"

namespace facerec {

void set_up_log(const CommonOptions& common) {
  auto logger = std::make_shared<spdlog::logger>("facerec", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  // On a terminal a line takes the place of the progress bar.
  logger->set_pattern(std::string(isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "") + "%H:%M:%S %^%l%$ %v");
  logger->set_level(common.quiet ? spdlog::level::warn : common.verbose ? spdlog::level::debug : spdlog::level::info);
  spdlog::set_default_logger(logger);
}

void quieten_log(int64_t rank) {
  spdlog::default_logger()->set_pattern(fmt::format("%H:%M:%S %^%l%$ process {}: %v", rank));
  spdlog::default_logger()->set_level(spdlog::level::warn);
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

void print_answer(const CommonOptions& common, const nlohmann::ordered_json& json, const std::string& text) {
  print(common.json ? to_json_text(json, 2) + "\n" : text);
}

void print(const std::string& text) {
  errno = 0;
  if (std::cout << text << std::flush) return;
  const std::string reason = errno != 0 ? std::generic_category().message(errno) : "the stream is closed";
  throw Error("standard output cannot be written: " + reason);
}

}  // namespace facerec
