// The numbers of a report's document as cells of tables, and the names of what they are about.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace facerec {

struct Cell {
  std::string text = "";
  std::vector<std::string> figures = {};  // JSON pointers of the numbers in the text, in their order
};

// Cells for the numbers below one place of the document; "-" where they are undefined.
class Numbers {
 public:
  // document: of to_json(); must outlive this. place: a JSON pointer.
  Numbers(const nlohmann::ordered_json& document, std::string place);

  const nlohmann::ordered_json& at(const std::string& path) const;
  Cell count(const std::string& path) const;
  Cell percent(const std::string& path, int digits = 2) const;
  Cell fixed(const std::string& path, int digits) const;
  Cell percent_interval(const std::string& path, int digits = 2) const;
  // One cell of two, unless the whole is null.
  Cell joined(Cell first, const std::string& separator, Cell second, const std::string& whole) const;
  // Of {"value", "supported"}; a trailing space or '*' keeps the digits of a column aligned.
  Cell marked_percent(const std::string& point) const;

 private:
  Cell number(const std::string& path, double factor, int digits) const;

  const nlohmann::ordered_json& document_;
  std::string place_;
};

struct NumberedResult {
  Numbers numbers;
  const nlohmann::ordered_json& json;
  std::string set, model;  // their names
};

// Of some protocols; sets in the order of their first result, then models.
std::vector<NumberedResult> results_of(const nlohmann::ordered_json& document,
                                       std::initializer_list<std::string_view> protocols);

// What tables and figures call a model: its label, else its path; a data set and its condition: "lfw LR ×4".
std::string model_name(const nlohmann::ordered_json& model);
std::string set_name(const nlohmann::ordered_json& result);

// For people: "accuracy", "AUC", "TAR at FAR 1e-3".
std::string figure_name(const std::string& figure);
// Which way a figure is better, by its path in a result: "eer", "tar_at_far.1e-3". none: counts, thresholds, moments.
enum class Better { none, higher, lower };
Better better(const std::string& figure);

}  // namespace facerec
