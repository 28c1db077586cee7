#include <algorithm>

#include "eval/format.h"
#include "eval/tables.h"
#include "facerec/eval/report.h"

namespace facerec {
namespace {

// The columns that text takes in a terminal: Chinese, Japanese and Korean letters take two.
size_t columns_of(const std::string& text) {
  return characters(text) + static_cast<size_t>(std::ranges::count_if(text, [](char c) {
           return static_cast<unsigned char>(c) >= 0xE3 && static_cast<unsigned char>(c) <= 0xED;
         }));
}

// Columns padded to their widest cell, two spaces apart; those that name a row are flush left, the others right.
std::string text_of(const Table& table) {
  std::vector<std::vector<std::string>> rows = {table.columns};
  for (const auto& row : table.rows) {
    rows.emplace_back();
    for (const Cell& cell : row) rows.back().push_back(cell.text);
  }
  std::vector<size_t> width(table.columns.size());
  for (const auto& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], columns_of(row[c]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string padding(width[c] - columns_of(row[c]), ' ');
      line += (c > 0 ? "  " : "") + (c < table.labels ? row[c] + padding : padding + row[c]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  for (const std::string& note : table.notes) text += note + '\n';
  return text;
}

}  // namespace

std::string to_text(const Report& report) {
  const nlohmann::ordered_json json = to_json(report);
  std::string text;
  if (report.models.size() == 1) {
    const ModelInfo& model = report.models.front();
    text = "model: " + model_name(json.at("models").at(0));
    text += model.architecture.empty() ? "\n" : " (" + model.architecture + ")\n";
  }
  const std::vector<Table> tables = make_tables(json);
  if (tables.empty()) return text + "there are no results\n";
  for (const Table& table : tables) {
    if (&table != &tables.front()) text += '\n';
    if (tables.size() > 1) text += table.title + '\n';
    text += text_of(table);
  }
  return text;
}

std::string to_plain_text(const Report& report) {
  std::string text;
  std::vector<std::pair<size_t, Condition>> done;
  for (const ReportEntry& first : report.results) {
    if (!std::holds_alternative<VerificationResult>(first.result)) continue;
    if (std::ranges::find(done, std::pair(first.model, first.condition)) != done.end()) continue;
    done.emplace_back(first.model, first.condition);
    const auto mean = mean_accuracy(report, first.model, first.condition);
    const ModelInfo& model = report.models.at(first.model);
    if (done.size() > 1) text += '\n';
    if (report.models.size() > 1 || first.condition != Condition{}) {
      text += model.label.empty() ? model.path : model.label;
      text += first.condition == Condition{} ? "\n" : ", " + first.condition.name + '\n';
    }
    for (const ReportEntry& entry : report.results) {
      const auto* result = std::get_if<VerificationResult>(&entry.result);
      if (result == nullptr || entry.model != first.model || entry.condition != first.condition) continue;
      text += entry.data + " : " + fixed(result->accuracy.mean, 4) + '\n';
    }
    text += "Avg : " + fixed(*mean, 4) + '\n';
  }
  return text;
}

}  // namespace facerec
