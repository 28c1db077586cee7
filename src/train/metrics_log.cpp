#include "train/metrics_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <system_error>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "io/event_file.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double number_or(const Json& line, const char* key, double otherwise) {
  const auto found = line.find(key);
  return found != line.end() && found->is_number() ? found->get<double>() : otherwise;
}

// Drops the lines of later steps, and any that is cut off; returns "seconds" of the last one that stays.
double cut_after(const fs::path& path, int64_t step) {
  std::istringstream lines(read_text(path, uint64_t{1} << 32));
  std::string kept;
  double seconds = 0;
  for (std::string line; std::getline(lines, line);) {
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || number_or(json, "step", 0) > static_cast<double>(step)) continue;
    seconds = number_or(json, "seconds", seconds);
    kept += line + "\n";
  }
  write_file(path, kept);
  return seconds;
}

Scalars scalars_of(const Json& line) {
  const std::string group = line.contains("validation")   ? "validation/"
                            : line.contains("checkpoint") ? "checkpoint/"
                                                          : "train/";
  Scalars scalars;
  const auto add = [&](const std::string& name, const Json& value) {
    if (value.is_number()) scalars.emplace_back(group + name, value.get<double>());
  };
  for (const auto& [key, value] : line.items()) {
    if (key == "step" || key == "seconds") continue;  // an event has a step and a time
    if (!value.is_object()) add(key, value);
    if (!value.is_object()) continue;
    for (const auto& [name, number] : value.items()) add(name, number);
  }
  return scalars;
}

}  // namespace

// Only grows. What cannot be written now waits for the next time.
class MetricsLog::File {
 public:
  explicit File(fs::path path)
      : path_(std::move(path)), descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
    if (descriptor_ >= 0) return;
    throw Error("cannot be written: " + std::generic_category().message(errno)).file(text_of(path_));
  }
  ~File() { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void append(std::string_view bytes) {
    waiting_ += bytes;
    while (!waiting_.empty()) {
      const ssize_t count = ::write(descriptor_, waiting_.data(), waiting_.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return warn(errno);
      waiting_.erase(0, static_cast<size_t>(count));
    }
    warned_ = false;
  }
  void append(const std::vector<std::byte>& record) {
    append(std::string_view(reinterpret_cast<const char*>(record.data()), record.size()));
  }

 private:
  void warn(int code) {
    if (!warned_) {
      spdlog::warn("{} cannot be written: {}; the training goes on, and the lines follow when they can", text_of(path_),
                   std::generic_category().message(code));
    }
    warned_ = true;
  }

  fs::path path_;
  int descriptor_;
  std::string waiting_;
  bool warned_ = false;
};

MetricsLog::MetricsLog(const fs::path& run, int64_t step) {
  const fs::path path = run / "metrics.jsonl";
  if (fs::exists(path)) seconds_before_ = cut_after(path, step);
  lines_ = std::make_unique<File>(path);
  const double now = unix_time();
  events_ = std::make_unique<File>(new_event_file(run, static_cast<int64_t>(now)));
  events_->append(event_version(now));
  if (step > 0) events_->append(event_restart(now, step + 1));
}

MetricsLog::~MetricsLog() = default;

void MetricsLog::write(Json line) {
  const auto elapsed = std::chrono::steady_clock::now() - start_;
  line["seconds"] = seconds_before_ + std::chrono::duration<double>(elapsed).count();
  lines_->append(to_json_text(line) + "\n");
  events_->append(event_scalars(unix_time(), line.at("step").get<int64_t>(), scalars_of(line)));
}

std::string words_of(const Json& line) {
  struct LoggedFigure {
    const char *key, *form;
  };
  constexpr LoggedFigure figures[] = {{"loss", "loss {:.4f}"},
                                      {"target_cosine", "cosine {:.3f}"},
                                      {"gradient_norm", "gradient {:.3g}"},
                                      {"lr", "lr {:.4g}"}};
  std::string text;
  for (const LoggedFigure& figure : figures) {
    const auto value = line.find(figure.key);
    if (value == line.end() || !value->is_number()) continue;
    text += (text.empty() ? "" : "  ") + fmt::format(fmt::runtime(figure.form), value->get<double>());
  }
  return text;
}

}  // namespace facerec
