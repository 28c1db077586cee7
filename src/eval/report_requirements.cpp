#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "eval/format.h"
#include "eval/numbers.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/eval/report.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts = {""};
  for (char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

double parse_bound(const std::string& text, const std::string& requirement) {
  double value = 0;
  if (!parse_number(text, value) || !std::isfinite(value)) {
    throw Error::usage("'" + printable(requirement) + "' does not end in a number")
        .hint("write FIGURE=BOUND, as in lfw.accuracy=0.99; rates are fractions");
  }
  return value;
}

// ---- Figures by their names

// "lfw", "lfw@lr4": how requirements call a result.
std::string subject_of(const Json& result) {
  const std::string data = result.at("data");
  return result.at("condition").is_null() ? data : data + "@" + result.at("condition").at("id").get<std::string>();
}

// A number, or the number that an object stands for; nullptr when it is neither. Undefined is null.
const Json* number_in(const Json& value) {
  if (value.is_number() || value.is_null() || value == "inf" || value == "-inf") return &value;
  for (const char* name : {"value", "mean"}) {
    if (value.is_object() && value.contains(name)) return number_in(value.at(name));
  }
  return nullptr;
}

// The paths of all numbers in a result, for messages.
void collect_figures(const Json& json, const std::string& prefix, std::vector<std::string>& names) {
  for (const auto& [key, value] : json.items()) {
    const std::string name = prefix + key;
    if (name == "model" || value.is_null()) continue;
    if (number_in(value) != nullptr) {
      names.push_back(name);
    } else if (value.is_object()) {
      collect_figures(value, name + ".", names);
    }
  }
}

struct FoundFigure {
  const Json* number = nullptr;
  const Json* result = nullptr;  // nullptr: of no single data set
  std::string path = "";         // in the result
  bool is_supported = true;
};

// Throws for a figure of which neither more nor less is better.
void check_direction(const std::string& path) {
  if (better(path) != Better::none) return;
  throw Error::usage("neither more nor less of '" + printable(path) + "' is better, so that nothing can be asked of it")
      .hint("ask for accuracy, auc, eer, tar_at_far.1e-3, fnmr_at_fmr.1e-3, rank1, dir_at_fpir.1e-2 …");
}

FoundFigure figure_in(const Json& result, const std::string& path) {
  const Json* place = &result;
  for (const std::string& part : split(path, '.')) {
    place = place->is_object() && place->contains(part) ? &place->at(part) : nullptr;
    if (place == nullptr) break;
  }
  if (place != nullptr && number_in(*place) != nullptr) {
    const bool is_supported = !place->is_object() || place->value("supported", true);
    return {number_in(*place), &result, path, is_supported};
  }
  std::vector<std::string> names;
  collect_figures(result, "", names);
  const std::string subject = subject_of(result), near = nearest_name(path, names);
  throw Error::usage(fmt::format("the evaluation of '{}' has no figure '{}'", subject, printable(path)))
      .hint((near.empty() ? "" : "did you mean " + near + "? ") + "it has " + join(names));
}

FoundFigure find_figure(const Json& report, size_t model, const std::string& name) {
  constexpr std::string_view mean = "mean_accuracy";
  const Json& information = report.at("models").at(model);
  if (name == mean) return {&information.at(mean), nullptr, name};
  if (name.starts_with(std::string(mean) + "@")) {
    const Json& under = information.at("mean_accuracy_under");
    const std::string condition = name.substr(mean.size() + 1);
    if (under.contains(condition)) return {&under.at(condition), nullptr, name};
  }
  const Json* best = nullptr;
  std::vector<std::string> subjects = {std::string(mean)};
  for (const Json& result : report.at("results")) {
    if (result.at("model") != model) continue;
    const std::string subject = subject_of(result);
    subjects.push_back(subject);
    // A name that holds dots may begin with another.
    if (name.starts_with(subject + ".") && (best == nullptr || subject.size() > subject_of(*best).size()))
      best = &result;
  }
  if (best != nullptr) return figure_in(*best, name.substr(subject_of(*best).size() + 1));
  throw Error::usage("nothing evaluated is called '" + printable(name) + "'")
      .hint("figures begin with one of " + join(subjects) + ", as in lfw.accuracy");
}

std::optional<double> value_of(const Json& number) {
  if (number.is_null()) return std::nullopt;
  if (number.is_string()) return (number == "inf" ? 1 : -1) * std::numeric_limits<double>::infinity();
  return number.get<double>();
}

// With four digits, or as many as tell it from `other`.
std::string told_apart(double value, double other) {
  if (std::isinf(value)) return value > 0 ? "infinite" : "minus infinite";
  for (int digits = 4; digits < 17; ++digits) {
    if (fixed(value, digits) != fixed(other, digits)) return fixed(value, digits);
  }
  return number_name(value);
}

// Why a figure is undefined, as far as the evaluation tells.
std::string reason(const Json* result) {
  if (result == nullptr) return "there is no verification set to average over";
  for (const Json& note : result->at("notes")) {
    if (note.get<std::string>().find("undefined") != std::string::npos) return note;
  }
  return "the data do not define it";
}

std::string shortfall(const FoundFigure& figure, const Requirement& requirement) {
  const auto value = value_of(*figure.number);
  if (!value) return fmt::format("{} is undefined: {}", requirement.figure, reason(figure.result));
  if (!figure.is_supported) {
    return fmt::format("{} is not supported by as few comparisons as there are", requirement.figure);
  }
  const bool is_error = better(figure.path) == Better::lower;
  if (is_error ? *value <= requirement.bound : *value >= requirement.bound) return "";
  return fmt::format("{} is {}, {} {}", requirement.figure, told_apart(*value, requirement.bound),
                     is_error ? "above" : "below", number_name(requirement.bound));
}

// ---- Regressions

bool same_set(const Json& a, const Json& b) {
  return a.at("protocol") == b.at("protocol") && subject_of(a) == subject_of(b);
}

// Figures that are compared with a baseline: those of both that both support.
std::vector<std::string> compared_figures(const Json& result, const Json& before) {
  std::vector<std::string> names;
  const auto supports = [](const Json& json, const char* points, const std::string& rate) {
    const auto& all = json.at(points).get_ref<const Json::object_t&>();
    return all.count(rate) > 0 && all.at(rate).at("supported").get<bool>();
  };
  for (const char* name : {"accuracy", "auc", "eer", "rank1", "rank5", "rank10", "rank20"}) {
    if (result.contains(name) && before.contains(name)) names.emplace_back(name);
  }
  for (const char* points : {"tar_at_far", "dir_at_fpir"}) {
    if (!result.contains(points) || !before.contains(points)) continue;
    for (const auto& [rate, point] : result.at(points).items()) {
      if (supports(result, points, rate) && supports(before, points, rate)) names.push_back(points + ("." + rate));
    }
  }
  return names;
}

void compare_with_baseline(const Json& result, const Json& before, double tolerance, std::vector<std::string>& worse) {
  const std::string subject = subject_of(result);
  const Json &data = result.at("data_identity"), &data_before = before.at("data_identity");
  if (!data.is_null() && !data_before.is_null() && data != data_before) {
    throw Error("the baseline's '" + subject + "' is of other images or pairs, so that it cannot be compared")
        .hint("evaluate the baseline's model on this data set, and write the baseline anew");
  }
  constexpr double rounding = 1e-12;
  for (const std::string& name : compared_figures(result, before)) {
    const auto now = value_of(*figure_in(result, name).number), then = value_of(*figure_in(before, name).number);
    if (!then) continue;
    const std::string figure = subject + "." + name;
    if (!now) {
      worse.push_back(
          fmt::format("{} is undefined: {}; the baseline has {}", figure, reason(&result), fixed(*then, 4)));
      continue;
    }
    const double loss = better(name) == Better::lower ? *now - *then : *then - *now;
    if (loss <= tolerance + rounding) continue;
    worse.push_back(fmt::format("{} is {}, worse than the baseline's {} by {} (tolerance {})", figure,
                                told_apart(*now, *then), told_apart(*then, *now), told_apart(loss, tolerance),
                                number_name(tolerance)));
  }
}

void check_schema(const Json& baseline) {
  if (!baseline.is_object() || !baseline.contains("schema")) {
    throw Error("the baseline is no evaluation: it has no schema")
        .hint("give the evaluation.json of an earlier facerec eval --out");
  }
  if (baseline.at("schema") == 1) return;
  throw Error("the baseline has schema " + printable(baseline.at("schema").dump(-1, ' ', true)) +
              ", and this is schema 1")
      .hint("write it anew with this version of facerec");
}

void check_one_model(const Json& evaluation, const char* what) {
  if (evaluation.at("models").size() == 1) return;
  throw Error::usage(fmt::format("{} is of {} models; one is compared with one", what, evaluation.at("models").size()));
}

std::vector<std::string> compared(const Json& report, const Json& baseline, double tolerance) {
  check_one_model(report, "the evaluation");
  check_one_model(baseline, "the baseline");
  std::vector<std::string> worse, sets;
  bool any = false;
  for (const Json& before : baseline.at("results")) {
    sets.push_back(subject_of(before));
    bool is_there = false;
    for (const Json& result : report.at("results")) {
      if (!same_set(result, before)) continue;
      compare_with_baseline(result, before, tolerance, worse);
      is_there = true;
    }
    if (!is_there) worse.push_back("the baseline has " + subject_of(before) + ", which was not evaluated");
    any |= is_there;
  }
  if (!any) throw Error("the baseline has no data set of this evaluation").hint("it has " + join(sets));
  return worse;
}

}  // namespace

std::vector<Requirement> parse_requirements(const std::string& text) {
  std::vector<Requirement> requirements;
  for (const std::string& part : split(text, ',')) {
    const size_t sign = part.rfind('=');
    if (sign == 0) throw Error::usage("'" + printable(part) + "' names no figure").hint("write FIGURE=BOUND");
    const std::string figure = sign == std::string::npos ? "mean_accuracy" : part.substr(0, sign);
    requirements.push_back({figure, parse_bound(part.substr(sign == std::string::npos ? 0 : sign + 1), part)});
  }
  return requirements;
}

void check_requirements(const std::vector<Requirement>& requirements, std::span<const std::string> subjects) {
  for (const Requirement& requirement : requirements) {
    if (requirement.figure == "mean_accuracy" || requirement.figure.starts_with("mean_accuracy@")) continue;
    const std::string* best = nullptr;
    for (const std::string& subject : subjects) {
      if (!requirement.figure.starts_with(subject + ".")) continue;
      if (best == nullptr || subject.size() > best->size()) best = &subject;
    }
    if (best == nullptr) {
      throw Error::usage("nothing evaluated is called '" + printable(requirement.figure) + "'")
          .hint("figures begin with one of mean_accuracy, " + join(subjects) + ", as in " + subjects.front() +
                ".accuracy");
    }
    check_direction(requirement.figure.substr(best->size() + 1));
  }
}

void check_baseline(const Json& baseline) {
  check_schema(baseline);
  try {
    check_one_model(baseline, "the baseline");
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("the baseline is damaged: {}", printable(error.what(), 200)));
  }
}

std::vector<std::string> shortfalls(const Json& report, const std::vector<Requirement>& requirements) {
  std::vector<std::string> sentences;
  const size_t models = report.at("models").size();
  for (size_t model = 0; model < models; ++model) {
    for (const Requirement& requirement : requirements) {
      const FoundFigure figure = find_figure(report, model, requirement.figure);
      check_direction(figure.path);
      const std::string sentence = shortfall(figure, requirement);
      if (sentence.empty()) continue;
      sentences.push_back(models == 1 ? sentence : model_name(report.at("models")[model]) + ": " + sentence);
    }
  }
  return sentences;
}

std::vector<std::string> regressions(const Json& report, const Json& baseline, double tolerance) {
  check_schema(baseline);
  try {
    return compared(report, baseline, tolerance);
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("the baseline is damaged: {}", printable(error.what(), 200)))
        .hint("write it anew with facerec eval --out");
  }
}

}  // namespace facerec
