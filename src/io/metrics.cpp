#include "facerec/io/metrics.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t longest_line = size_t{1} << 20;
constexpr std::string_view mean_prefix = "mean_";

double number(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : StepMetrics::none;
}

NamedValues numbers(const Json& object) {
  NamedValues values;
  for (const auto& [name, value] : object.items()) {
    values.emplace_back(name, value.is_number() ? value.get<double>() : StepMetrics::none);
  }
  return values;
}

std::optional<int64_t> step_of(const Json& line) {
  const auto step = line.find("step");
  if (step == line.end() || !step->is_number_integer()) return std::nullopt;
  const auto value = step->get<int64_t>();
  return value < 0 ? std::nullopt : std::optional(value);
}

bool add_validation(const Json& line, int64_t step, const Json& values, TrainingMetrics& metrics) {
  if (!values.is_object()) return false;
  ValidationMetrics validation{.step = step, .values = numbers(values)};
  for (const auto& [key, value] : line.items()) {
    if (!key.starts_with(mean_prefix) || !value.is_number()) continue;
    validation.mean = value.get<double>();
    metrics.figure = key.substr(mean_prefix.size());
  }
  metrics.validations.push_back(std::move(validation));
  return true;
}

bool add(std::string_view text, TrainingMetrics& metrics) {
  if (text.size() > longest_line) return false;
  const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!line.is_object()) return false;
  const std::optional<int64_t> step = step_of(line);
  if (!step) return false;
  if (const auto values = line.find("validation"); values != line.end()) {
    return add_validation(line, *step, *values, metrics);
  }
  if (!line.contains("loss")) return line.contains("checkpoint");
  StepMetrics& metric = metrics.steps.emplace_back();
  metric = {*step, number(line, "loss"), number(line, "lr"), number(line, "images_per_second"),
            number(line, "seconds")};
  if (const auto terms = line.find("losses"); terms != line.end() && terms->is_object()) metric.terms = numbers(*terms);
  return true;
}

template <class Each>
void for_each_line(std::string_view text, Each each) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) each(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

const ValidationMetrics* TrainingMetrics::best() const {
  const ValidationMetrics* found = nullptr;
  for (const ValidationMetrics& each : validations) {
    if (std::isfinite(each.mean) && (!found || each.mean > found->mean)) found = &each;
  }
  return found;
}

TrainingMetrics read_metrics(const fs::path& path, int64_t most_steps) {
  const MappedFile file(path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  const auto lines = static_cast<int64_t>(std::ranges::count(text, '\n')) + 1;
  const int64_t stride = (lines - 1) / std::max<int64_t>(1, most_steps) + 1;
  constexpr int64_t last_lines = 3;  // the very last may be half written, the one before a validation
  TrainingMetrics metrics;
  int64_t index = 0;
  for_each_line(text, [&](std::string_view line) {
    const bool sampled = index % stride == 0 || index + last_lines >= lines;
    ++index;
    if (!sampled && line.find("\"validation\"") == std::string_view::npos) return;
    if (!add(line, metrics)) ++metrics.unreadable;
  });
  std::ranges::stable_sort(metrics.steps, {}, &StepMetrics::step);
  std::ranges::stable_sort(metrics.validations, {}, &ValidationMetrics::step);
  return metrics;
}

}  // namespace facerec
