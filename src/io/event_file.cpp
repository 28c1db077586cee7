#include "io/event_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "event.pb.h"
#include "facerec/core/text.h"
#include "io/tf_record.h"

namespace facerec {
namespace {

constexpr std::string_view file_prefix = "events.out.tfevents.";

event::Event event_at(double wall_time, int64_t step) {
  event::Event event;
  event.set_wall_time(wall_time);
  event.set_step(step);
  return event;
}

std::vector<std::byte> record_of(const event::Event& event) {
  const std::string message = event.SerializeAsString();
  return write_tf_record(std::as_bytes(std::span(message)));
}

// In a file's name: what no shell or file system minds.
std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  std::string text = name.data();
  std::ranges::replace_if(
      text, [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '.'; }, '_');
  return text;
}

int64_t time_in(std::string_view file) {
  int64_t time = 0;
  if (file.starts_with(file_prefix)) std::from_chars(file.data() + file_prefix.size(), file.data() + file.size(), time);
  return time;
}

}  // namespace

std::vector<std::byte> event_version(double wall_time) {
  event::Event event = event_at(wall_time, 0);
  event.set_file_version("brain.Event:2");
  return record_of(event);
}

std::vector<std::byte> event_restart(double wall_time, int64_t step) {
  constexpr int start = 1;
  event::Event event = event_at(wall_time, step);
  event.mutable_session_log()->set_status(start);
  return record_of(event);
}

std::vector<std::byte> event_scalars(double wall_time, int64_t step, const Scalars& scalars) {
  event::Event event = event_at(wall_time, step);
  for (const auto& [tag, value] : scalars) {
    event::Scalar& scalar = *event.mutable_summary()->add_value();
    scalar.set_tag(printable(tag, 200));
    scalar.set_simple_value(static_cast<float>(value));
  }
  return record_of(event);
}

fs::path new_event_file(const fs::path& folder, int64_t unix_time) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const int64_t other = time_in(entry.path().filename().string());
    if (other < INT32_MAX) unix_time = std::max(unix_time, other + 1);
  }
  return folder / fmt::format("{}{}.{}", file_prefix, unix_time, host_name());
}

}  // namespace facerec
