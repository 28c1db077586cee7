#include "eval/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <sstream>

#include "eval/format.h"

namespace facerec {

using Json = nlohmann::ordered_json;

Numbers::Numbers(const Json& document, std::string place) : document_(document), place_(std::move(place)) {}

const Json& Numbers::at(const std::string& path) const { return document_.at(Json::json_pointer(place_ + path)); }

Cell Numbers::count(const std::string& path) const { return {at(path).dump(), {place_ + path}}; }
Cell Numbers::percent(const std::string& path, int digits) const { return number(path, 100, digits); }
Cell Numbers::fixed(const std::string& path, int digits) const { return number(path, 1, digits); }

Cell Numbers::percent_interval(const std::string& path, int digits) const {
  return joined(percent(path + "/0", digits), "–", percent(path + "/1", digits), path);
}

Cell Numbers::joined(Cell first, const std::string& separator, Cell second, const std::string& whole) const {
  if (at(whole).is_null()) return {"-"};
  first.text += separator + second.text;
  first.figures.insert(first.figures.end(), second.figures.begin(), second.figures.end());
  return first;
}

Cell Numbers::marked_percent(const std::string& point) const {
  Cell cell = percent(point + "/value");
  cell.text += at(point + "/supported").get<bool>() || cell.figures.empty() ? " " : "*";
  return cell;
}

Cell Numbers::number(const std::string& path, double factor, int digits) const {
  const Json::json_pointer pointer(place_ + path);
  const Json value = document_.contains(pointer) ? document_.at(pointer) : Json();
  if (value.is_number()) return {signed_number(factor * value.get<double>(), digits), {place_ + path}};
  return {value == "inf" ? "∞" : value == "-inf" ? "−∞" : "-"};
}

std::vector<NumberedResult> results_of(const Json& document, std::initializer_list<std::string_view> protocols) {
  std::vector<NumberedResult> results;
  std::vector<std::string> sets;
  const Json& all = document.at("results");
  for (size_t i = 0; i < all.size(); ++i) {
    const Json& json = all[i];
    if (std::ranges::find(protocols, json.at("protocol").get<std::string>()) == protocols.end()) continue;
    const std::string model = model_name(document.at("models").at(json.at("model").get<size_t>()));
    results.push_back({Numbers(document, fmt::format("/results/{}", i)), json, set_name(json), model});
    if (std::ranges::find(sets, set_name(json)) == sets.end()) sets.push_back(set_name(json));
  }
  std::vector<NumberedResult> order;
  for (const std::string& set : sets) {
    for (size_t model = 0; model < document.at("models").size(); ++model) {
      for (const NumberedResult& result : results) {
        if (result.set == set && result.json.at("model") == model) order.push_back(result);
      }
    }
  }
  return order;
}

std::string model_name(const Json& model) {
  const std::string label = model.at("label");
  return label.empty() ? model.at("path").get<std::string>() : label;
}

std::string set_name(const Json& result) {
  const std::string data = result.at("data");
  return result.at("condition").is_null() ? data : data + ' ' + result.at("condition").at("name").get<std::string>();
}

std::string figure_name(const std::string& figure) {
  constexpr std::string_view tar = "tar_at_far.";
  if (figure.starts_with(tar)) return "TAR at FAR " + figure.substr(tar.size());
  return figure == "auc" ? "AUC" : figure == "eer" ? "EER" : figure;
}

Better better(const std::string& figure) {
  // A trailing dot: of everything below it.
  constexpr std::string_view higher[] = {"accuracy",       "auc",
                                         "tar_at_far.",    "tar_at_nearest_far.",
                                         "val_at_far.",    "rank1",
                                         "rank5",          "rank10",
                                         "rank20",         "dir_at_fpir.",
                                         "accuracy.mean",  "mean_accuracy",
                                         "mean_accuracy@", "fixed_threshold.accuracy"};
  constexpr std::string_view lower[] = {"eer",           "error_area",          "fnmr_at_fmr.",
                                        "accuracy.std",  "fixed_threshold.fmr", "fixed_threshold.fnmr",
                                        "missing_pairs", "zero_embeddings",     "failures."};
  // Of a point its value counts; where it lies is no merit.
  const bool is_place = figure.ends_with(".threshold") || figure.ends_with(".far") || figure.ends_with(".fpir");
  const auto among = [&](std::span<const std::string_view> names) {
    return std::ranges::any_of(names, [&](std::string_view name) {
      return figure == name || ((name.ends_with('.') || name.ends_with('@')) && figure.starts_with(name));
    });
  };
  if (is_place) return Better::none;
  return among(higher) ? Better::higher : among(lower) ? Better::lower : Better::none;
}

}  // namespace facerec
