#include "eval/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "eval/format.h"
#include "facerec/core/text.h"
#include "facerec/eval/comparison.h"
#include "facerec/eval/identification.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<Cell>;

constexpr const char* few_different_pairs =
    "* too few different pairs for this FAR (fewer than 30 expected false matches): not reliable";
constexpr const char* few_strangers =
    "* too few non-mated searches for this FPIR (fewer than 30 expected false positives): not reliable";

bool has_conditions(const Json& document) {
  return std::ranges::any_of(document.at("results"), [](const Json& r) { return !r.at("condition").is_null(); });
}

// The second column names the model; it is left out where there is only one.
void drop_only_model(const Json& document, Table& table) {
  if (document.at("models").size() != 1) return;
  table.columns.erase(table.columns.begin() + 1);
  for (Row& row : table.rows) row.erase(row.begin() + 1);
  --table.labels;
}

bool has_marks(const Table& table) {
  return std::ranges::any_of(table.rows, [](const Row& row) {
    return std::ranges::any_of(row, [](const Cell& cell) { return cell.text.ends_with('*'); });
  });
}

// Each note once, after the sets that it is about; with the models, where it is not about all.
void add_notes(const Json& document, const std::vector<NumberedResult>& results, Table& table) {
  struct Subject {
    std::string note, set;
    std::vector<std::string> models;
  };
  std::vector<Subject> subjects;
  for (const NumberedResult& result : results) {
    for (const auto& note : result.json.at("notes").get<std::vector<std::string>>()) {
      auto known = std::ranges::find_if(subjects, [&](auto& s) { return s.note == note && s.set == result.set; });
      if (known == subjects.end()) known = subjects.insert(known, {note, result.set, {}});
      known->models.push_back(result.model);
    }
  }
  std::vector<std::string> notes;
  for (const Subject& subject : subjects) {
    if (std::ranges::find(notes, subject.note) != notes.end()) continue;
    notes.push_back(subject.note);
    std::vector<std::string> about;
    for (const Subject& other : subjects) {
      if (other.note != subject.note) continue;
      const bool all = other.models.size() == document.at("models").size();
      about.push_back(all ? other.set : other.set + " (" + join(other.models) + ")");
    }
    table.notes.push_back(join(about) + ": " + subject.note);
  }
}

// ---- Verification

void add_mean_rows(const Json& document, const std::vector<NumberedResult>& results, Table& table) {
  std::vector<Json> conditions;  // as they come; null is none
  for (const NumberedResult& result : results) {
    const Json& condition = result.json.at("condition");
    if (std::ranges::find(conditions, condition) == conditions.end()) conditions.push_back(condition);
  }
  for (const Json& condition : conditions) {
    for (size_t model = 0; model < document.at("models").size(); ++model) {
      const auto counts = [&](const NumberedResult& r) {
        return r.json.at("model") == model && r.json.at("condition") == condition;
      };
      if (std::ranges::count_if(results, counts) < 2) continue;
      const Numbers numbers(document, fmt::format("/models/{}", model));
      Row row(table.columns.size());
      row[0].text = condition.is_null() ? "mean" : "mean " + condition.at("name").get<std::string>();
      row[1].text = model_name(document.at("models")[model]);
      row[3] = numbers.percent(condition.is_null() ? "/mean_accuracy"
                                                   : "/mean_accuracy_under/" + condition.at("id").get<std::string>());
      row[3].text += std::string(std::string_view(" + 0.00").size(), ' ');  // under the means
      table.rows.push_back(row);
    }
  }
}

Table verification_table(const Json& document) {
  Table table{.title = "Verification",
              .columns = {"data", "model", "pairs", "accuracy %", "95 % CI", "threshold", "AUC", "EER %",
                          "TAR % @1e-2 ", "TAR % @1e-3 "},
              .labels = 2};
  const std::vector<NumberedResult> results = results_of(document, {"verification"});
  for (const NumberedResult& r : results) {
    const Numbers& n = r.numbers;
    const bool euclidean = r.json.at("score") == "euclidean";
    table.rows.push_back({{r.set},
                          {r.model},
                          n.count("/pairs"),
                          n.joined(n.percent("/accuracy/mean"), " ± ", n.percent("/accuracy/std"), "/accuracy/mean"),
                          n.percent_interval("/accuracy/ci95"),
                          n.fixed(euclidean ? "/threshold/distance" : "/threshold/cosine", 3),
                          n.fixed("/auc", 5),
                          n.percent("/eer"),
                          n.marked_percent("/tar_at_far/1e-2"),
                          n.marked_percent("/tar_at_far/1e-3")});
  }
  if (has_marks(table)) table.notes.emplace_back(few_different_pairs);
  add_notes(document, results, table);
  add_mean_rows(document, results, table);
  return table;
}

// Of images as they are.
Table intervals_table(const Json& document) {
  Table table{.title = "Further figures",
              .columns = {"data", "model", "accuracy %", "AUC %", "EER %", "TAR % @1e-2", "TAR % @1e-3", "VAL % @1e-3",
                          "error area"},
              .labels = 2};
  for (const NumberedResult& r : results_of(document, {"verification"})) {
    if (!r.json.at("condition").is_null()) continue;
    if (!r.json.at("bootstrap").is_null()) table.title = "95 % intervals by resampling people, and further figures";
    const Numbers& n = r.numbers;
    table.rows.push_back({{r.set},
                          {r.model},
                          n.percent_interval("/accuracy/bootstrap_ci95"),
                          n.percent_interval("/auc_ci95", 3),
                          n.percent_interval("/eer_ci95"),
                          n.percent_interval("/tar_at_far/1e-2/ci95"),
                          n.percent_interval("/tar_at_far/1e-3/ci95"),
                          n.percent("/val_at_far/1e-3/value"),
                          n.fixed("/error_area", 5)});
  }
  return table;
}

// At one threshold for all pairs, where it was asked for.
Table fixed_threshold_table(const Json& document) {
  Table table{.title = "At a threshold for all pairs",
              .columns = {"data", "model", "threshold", "accuracy %", "FMR %", "FNMR %"},
              .labels = 2};
  bool optimistic = false;
  for (const NumberedResult& r : results_of(document, {"verification"})) {
    if (r.json.at("fixed_threshold").is_null()) continue;
    const Numbers& n = r.numbers;
    table.rows.push_back({{r.set},
                          {r.model},
                          n.fixed("/fixed_threshold/threshold", 4),
                          n.percent("/fixed_threshold/accuracy"),
                          n.percent("/fixed_threshold/fmr"),
                          n.percent("/fixed_threshold/fnmr")});
    optimistic |= r.json.at("fixed_threshold").at("from_test_scores").get<bool>();
  }
  if (optimistic) table.notes.emplace_back("the threshold is the median of the test scores: optimistic");
  return table;
}

// ---- Templates, all pairs, identification

Table comparison_table(const Json& document, const char* protocol, const char* title) {
  Table table{.title = title, .columns = {"data", "model", "pairs", "AUC", "EER %"}, .labels = 2};
  for (double target : fmr_targets) table.columns.push_back("TAR % @" + rate_name(target) + " ");
  const std::vector<NumberedResult> results = results_of(document, {protocol});
  for (const NumberedResult& r : results) {
    const Numbers& n = r.numbers;
    Row row = {{r.set}, {r.model}, n.count("/pairs"), n.fixed("/auc", 5), n.percent("/eer")};
    for (double target : fmr_targets) row.push_back(n.marked_percent("/tar_at_far/" + rate_name(target)));
    table.rows.push_back(row);
  }
  if (has_marks(table)) table.notes.emplace_back(few_different_pairs);
  add_notes(document, results, table);
  return table;
}

Table identification_table(const Json& document) {
  Table table{
      .title = "Identification",
      .columns = {"data", "model", "gallery", "mated", "non-mated", "rank-1 %", "rank-5 %", "rank-10 %", "rank-20 %"},
      .labels = 2};
  for (double target : fpir_targets) table.columns.push_back("DIR % @" + rate_name(target) + " ");
  const std::vector<NumberedResult> results = results_of(document, {"identification"});
  for (const NumberedResult& r : results) {
    const Numbers& n = r.numbers;
    Row row = {
        {r.set}, {r.model}, n.count("/gallery/entries"), n.count("/searches/mated"), n.count("/searches/nonmated")};
    for (const char* rank : {"/rank1", "/rank5", "/rank10", "/rank20"}) row.push_back(n.percent(rank));
    for (double target : fpir_targets) row.push_back(n.marked_percent("/dir_at_fpir/" + rate_name(target)));
    table.rows.push_back(row);
  }
  if (has_marks(table)) table.notes.emplace_back(few_strangers);
  add_notes(document, results, table);
  return table;
}

// ---- Robustness

// One kind of degradation: the image as it is beside each condition.
Table robustness_table(const Json& document, const std::string& kind) {
  const bool low_res = kind == "low_res";
  Table table{.section = Section::robustness,
              .title = low_res ? "Accuracy % at low resolution" : "Accuracy % under " + kind,
              .columns = {"data", "model", low_res ? "HR" : "as it is"},
              .labels = 2};
  const std::vector<NumberedResult> results = results_of(document, {"verification"});
  std::vector<std::string> names = {""};
  for (const NumberedResult& r : results) {
    const Json& condition = r.json.at("condition");
    if (condition.is_null() || condition.at("kind") != kind) continue;
    const std::string name = condition.at("name");
    if (std::ranges::find(names, name) != names.end()) continue;
    names.push_back(name);
    table.columns.push_back(name);
  }
  std::map<std::pair<std::string, size_t>, size_t> row_of;  // by data set and model
  for (const NumberedResult& r : results) {
    const Json& condition = r.json.at("condition");
    if (!condition.is_null() && condition.at("kind") != kind) continue;
    const std::string data = r.json.at("data"),
                      name = condition.is_null() ? "" : condition.at("name").get<std::string>();
    const auto [row, added] = row_of.try_emplace({data, r.json.at("model").get<size_t>()}, table.rows.size());
    if (added) {
      table.rows.emplace_back(table.columns.size(), Cell{"-"});
      table.rows.back()[0].text = data;
      table.rows.back()[1].text = r.model;
    }
    const auto column = static_cast<size_t>(std::ranges::find(names, name) - names.begin());
    table.rows[row->second][2 + column] = r.numbers.percent("/accuracy/mean");
  }
  std::erase_if(table.rows, [](const Row& row) {  // of sets that are only there as they are
    return std::all_of(row.begin() + 3, row.end(), [](const Cell& cell) { return cell.figures.empty(); });
  });
  return table;
}

std::vector<Table> robustness_tables(const Json& document) {
  std::vector<Table> tables;
  std::vector<std::string> kinds;
  for (const Json& result : document.at("results")) {
    if (result.at("condition").is_null() || result.at("protocol") != "verification") continue;
    const std::string kind = result.at("condition").at("kind");
    if (std::ranges::find(kinds, kind) != kinds.end()) continue;
    kinds.push_back(kind);
    tables.push_back(robustness_table(document, kind));
  }
  return tables;
}

// ---- Groups

std::string spread_text(const Json& spread, const char* rate) {
  const auto ratio = [&](const char* name) {
    const Json& value = spread.at(name);
    return value.is_number() ? fixed(value.get<double>(), 2) : value.is_string() ? "∞" : "undefined";
  };
  return fmt::format("{}: largest / smallest {}, largest / geometric mean {}", rate, ratio("largest_by_smallest"),
                     ratio("largest_by_geometric_mean"));
}

void add_group_notes(const NumberedResult& result, const std::string& subject, Table& table) {
  const Json& groups = result.json.at("groups");
  table.notes.push_back(fmt::format("{}: threshold {} ({}); {} pairs across groups, {} with an image of no group",
                                    subject, result.numbers.fixed("/groups/threshold", 3).text,
                                    groups.at("threshold_source").get<std::string>(), groups.at("across").dump(),
                                    groups.at("ungrouped").dump()));
  const Json& spread = groups.at("spread");
  table.notes.push_back(subject + ": " + spread_text(spread.at("fmr"), "FMR") + "; " +
                        spread_text(spread.at("fnmr"), "FNMR"));
  for (const Json& note : groups.at("notes")) table.notes.push_back(subject + ": " + note.get<std::string>());
}

Table groups_table(const Json& document) {
  Table table{.section = Section::groups,
              .title = "Groups of people, at one threshold",
              .columns = {"data", "model", "group", "same", "different", "FMR %", "95 % CI", "FNMR %", "95 % CI"},
              .labels = 3};
  for (const NumberedResult& r : results_of(document, {"verification"})) {
    const Json& groups = r.json.at("groups");
    if (groups.is_null()) continue;
    for (size_t i = 0; i < groups.at("groups").size(); ++i) {
      const std::string place = fmt::format("/groups/groups/{}/", i);
      const Numbers& n = r.numbers;
      table.rows.push_back({{r.set},
                            {r.model},
                            {n.at(place + "group").get<std::string>()},
                            n.count(place + "same"),
                            n.count(place + "different"),
                            n.percent(place + "fmr", 3),
                            n.percent_interval(place + "fmr_ci95", 3),
                            n.percent(place + "fnmr"),
                            n.percent_interval(place + "fnmr_ci95")});
    }
    add_group_notes(r, document.at("models").size() == 1 ? r.set : r.set + ", " + r.model, table);
  }
  return table;
}

// ---- Comparisons

Cell difference(Cell cell) {
  if (!cell.figures.empty() && !cell.text.starts_with(minus_sign)) cell.text.insert(0, "+");
  return cell;
}

std::string verdict(const Json& comparison) {
  if (comparison.at("significant").is_null()) return "not resampled";
  if (!comparison.at("significant").get<bool>()) return "not significant";
  const bool more = comparison.at("difference").get<double>() > 0;
  return more == (better(comparison.at("figure")) == Better::higher) ? "significantly better" : "significantly worse";
}

Table comparisons_table(const Json& document) {
  const Json& comparisons = document.at("comparisons");
  Table table{.section = Section::comparison,
              .columns = {"data", "model", "figure", "first", "this", "difference", "95 % CI", "verdict"},
              .labels = 3};
  const bool resampled =
      std::ranges::any_of(comparisons, [](const Json& comparison) { return !comparison.at("ci95").is_null(); });
  if (!comparisons.empty()) {
    table.title = "Compared with " + model_name(document.at("models").at(0)) +
                  (resampled ? " (paired bootstrap over people)" : "");
  }
  for (size_t i = 0; i < comparisons.size(); ++i) {
    const Json& comparison = comparisons[i];
    const Numbers n(document, fmt::format("/comparisons/{}", i));
    const bool is_auc = comparison.at("figure") == "auc";
    const auto cell = [&](const char* path) { return is_auc ? n.fixed(path, 5) : n.percent(path); };
    const Cell interval = n.joined(difference(cell("/ci95/0")), " to ", difference(cell("/ci95/1")), "/ci95");
    table.rows.push_back({{set_name(comparison)},
                          {model_name(document.at("models").at(comparison.at("model").get<size_t>()))},
                          {figure_name(comparison.at("figure")) + (is_auc ? "" : " %")},
                          cell("/before"),
                          cell("/after"),
                          difference(cell("/difference")),
                          interval,
                          {verdict(comparison)}});
  }
  return table;
}

}  // namespace

std::vector<Table> make_tables(const Json& document) {
  std::vector<Table> tables = {verification_table(document),
                               intervals_table(document),
                               fixed_threshold_table(document),
                               comparison_table(document, "templates", "Verification of templates"),
                               comparison_table(document, "all_pairs", "All pairs of images"),
                               identification_table(document)};
  if (has_conditions(document)) std::ranges::move(robustness_tables(document), std::back_inserter(tables));
  tables.push_back(groups_table(document));
  tables.push_back(comparisons_table(document));
  std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
  for (Table& table : tables) drop_only_model(document, table);
  return tables;
}

}  // namespace facerec
