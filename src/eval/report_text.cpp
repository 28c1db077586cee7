#include <algorithm>

#include "eval/format.h"
#include "facerec/eval/report.h"

namespace facerec {
namespace {

using Row = std::vector<std::string>;

std::string label_of(const ModelInfo& model) { return model.label.empty() ? model.path : model.label; }

// Columns padded to their widest cell, two spaces apart; the first `left` columns are flush left, the others right.
std::string table(const std::vector<Row>& rows, size_t left) {
  std::vector<size_t> width(rows.front().size());
  for (const Row& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], characters(row[c]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string padding(width[c] - characters(row[c]), ' ');
      line += (c > 0 ? "  " : "") + (c < left ? row[c] + padding : padding + row[c]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

// TAR at a target in percent; a trailing space or '*' keeps the digits of a column aligned.
std::string tar_cell(const VerificationResult& result, double target) {
  for (const OperatingPoint& point : result.fmr) {
    if (point.target == target) {
      return percent(point.tar()) + (supports_rate(result.different, target) ? " " : "*");
    }
  }
  return "- ";
}

Row result_row(const Report& report, const ReportEntry& entry) {
  const VerificationResult& r = entry.verification;
  return {entry.data,
          label_of(report.models.at(entry.model)),
          std::to_string(r.pairs),
          percent(r.accuracy.mean) + " ± " + percent(r.accuracy.std),
          percent(r.accuracy.ci95.low) + "–" + percent(r.accuracy.ci95.high),
          fixed(r.accuracy.mean_threshold_cosine(), 3),
          r.auc ? fixed(*r.auc, 5) : "-",
          r.eer ? percent(*r.eer) : "-",
          tar_cell(r, 1e-2),
          tar_cell(r, 1e-3)};
}

// Data sets in the order of their first result, then models.
std::vector<const ReportEntry*> grouped(const Report& report) {
  std::vector<std::string> names;
  for (const ReportEntry& entry : report.results) {
    if (std::ranges::find(names, entry.data) == names.end()) names.push_back(entry.data);
  }
  std::vector<const ReportEntry*> order;
  for (const std::string& name : names) {
    const auto first = static_cast<std::ptrdiff_t>(order.size());
    for (const ReportEntry& entry : report.results) {
      if (entry.data == name) order.push_back(&entry);
    }
    std::stable_sort(order.begin() + first, order.end(), [](auto* a, auto* b) { return a->model < b->model; });
  }
  return order;
}

std::vector<Row> mean_rows(const Report& report, size_t columns) {
  std::vector<Row> rows;
  for (size_t i = 0; i < report.models.size(); ++i) {
    const auto mean = mean_accuracy(report, i);
    if (!mean || std::ranges::count(report.results, i, &ReportEntry::model) < 2) continue;
    Row row(columns);
    row[0] = "mean";
    row[1] = label_of(report.models[i]);
    row[3] = percent(*mean) + std::string(std::string_view(" + 0.00").size(), ' ');  // under the means
    rows.push_back(row);
  }
  return rows;
}

// The legend, where a row needs it, and the notes of every result.
std::string footnotes(const std::vector<Row>& rows, const std::vector<const ReportEntry*>& entries) {
  std::string text;
  const bool marked = std::ranges::any_of(
      rows, [](const Row& row) { return row[row.size() - 2].ends_with('*') || row.back().ends_with('*'); });
  if (marked) text += "* too few different pairs for this FAR (fewer than 30 expected false matches): not reliable\n";
  for (const ReportEntry* entry : entries) {
    for (const std::string& note : entry->verification.notes) text += entry->data + ": " + note + '\n';
  }
  return text;
}

}  // namespace

std::string to_text(const Report& report) {
  std::vector<Row> rows = {
      {"data", "model", "pairs", "accuracy %", "95 % CI", "cosine", "AUC", "EER %", "TAR % @1e-2 ", "TAR % @1e-3 "}};
  const std::vector<const ReportEntry*> entries = grouped(report);
  for (const ReportEntry* entry : entries) rows.push_back(result_row(report, *entry));
  const std::string notes = footnotes(rows, entries);
  for (Row& row : mean_rows(report, rows.front().size())) rows.push_back(std::move(row));

  std::string heading;
  size_t left = 2;
  if (report.models.size() == 1) {
    const ModelInfo& model = report.models.front();
    heading = "model: " + label_of(model) + (model.architecture.empty() ? "" : " (" + model.architecture + ")") + '\n';
    for (Row& row : rows) row.erase(row.begin() + 1);
    left = 1;
  }
  return heading + table(rows, left) + notes;
}

}  // namespace facerec
