// The tables of a report, for text and pages alike. They are made from its JSON, so that their numbers are the JSON's.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "eval/numbers.h"

namespace facerec {

// What a table belongs to on a page.
enum class Section { results, comparison, robustness, groups };

struct Table {
  Section section = Section::results;
  std::string title = "";
  std::vector<std::string> columns = {};
  size_t labels = 1;  // the first columns, which name a row
  std::vector<std::vector<Cell>> rows = {};
  std::vector<std::string> notes = {};
};

// Those that the report has something for: verification, templates, all pairs, identification, robustness, groups,
// comparisons. json: of to_json().
std::vector<Table> make_tables(const nlohmann::ordered_json& json);

}  // namespace facerec
