#include <fmt/format.h>

#include <algorithm>

#include "eval/html.h"
#include "eval/page_figures.h"
#include "eval/page_guide.h"
#include "eval/page_style.h"
#include "eval/tables.h"
#include "facerec/core/text.h"
#include "facerec/eval/report.h"

namespace facerec {
namespace {

using html::add;
using html::add_text;
using html::Node;
using Json = nlohmann::ordered_json;

Node add_section(Node body, const char* id, const std::string& heading) {
  Node section = add(body, "section", "", {{"id", id}});
  add(section, "h2", heading);
  return section;
}

std::string trimmed(const std::string& text) {
  const size_t end = text.find_last_not_of(' ');
  return text.substr(0, end == std::string::npos ? 0 : end + 1);
}

// An element whose numbers are those of the embedded document at the places that data-figures names.
void add_cell(Node parent, const char* element, const Cell& cell, html::Attributes attributes = {}) {
  if (!cell.figures.empty()) attributes.emplace_back("data-figures", join(cell.figures, " "));
  add(parent, element, trimmed(cell.text), attributes);
}

Node add_table_frame(Node parent, const std::string& title, const char* style = nullptr) {
  Node scroll =
      add(parent, "div", "", {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", title}});
  Node table = add(scroll, "table");
  if (style != nullptr) table.append_attribute("class").set_value(style);
  add(table, "caption", title);
  return table;
}

void add_table(Node parent, const Table& content) {
  Node table = add_table_frame(parent, content.title);
  Node head = add(add(table, "thead"), "tr");
  for (size_t c = 0; c < content.columns.size(); ++c) {
    Node cell = add(head, "th", trimmed(content.columns[c]), {{"scope", "col"}});
    if (c < content.labels) cell.append_attribute("class").set_value("label");
  }
  Node body = add(table, "tbody");
  for (const auto& cells : content.rows) {
    Node row = add(body, "tr");
    for (size_t c = 0; c < cells.size(); ++c) {
      if (c < content.labels) {
        add_cell(row, "th", cells[c], {{"scope", "row"}});
      } else {
        add_cell(row, "td", cells[c]);
      }
    }
  }
  for (const std::string& note : content.notes) add(parent, "p", note, {{"class", "note"}});
}

void add_tables(Node parent, const std::vector<Table>& tables, Section section) {
  for (const Table& table : tables) {
    if (table.section == section) add_table(parent, table);
  }
}

// Names and what they stand for.
void add_facts(Node parent, const std::string& title, const std::vector<std::pair<std::string, std::string>>& facts) {
  Node body = add(add_table_frame(parent, title, "facts-table"), "tbody");
  for (const auto& [name, value] : facts) {
    Node row = add(body, "tr");
    add(row, "th", name, {{"scope", "row"}});
    add(row, "td", value);
  }
}

// ---- Sections

void add_head(Node document) {
  Node head = add(document, "head");
  add(head, "meta", "", {{"charset", "utf-8"}});
  add(head, "meta", "", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  // Nothing is loaded and nothing runs, whatever a file's name holds.
  add(head, "meta", "",
      {{"http-equiv", "Content-Security-Policy"},
       {"content", "default-src 'none'; img-src data:; style-src 'unsafe-inline'"}});
  add(head, "title", "Face recognition evaluation");
  html::add_raw(head, "style", page_style + figure_style());
}

void add_header(Node body, const Report& report, const Json& json) {
  Node header = add(body, "header");
  add(header, "h1", "Face recognition evaluation");
  std::vector<std::string> models;
  for (const Json& model : json.at("models")) models.push_back(model_name(model));
  std::vector<std::string> facts = {(models.size() == 1 ? "Model: " : "Models: ") + join(models)};
  if (!report.provenance.time.empty()) facts.push_back(report.provenance.time);
  if (!report.provenance.version.empty()) facts.push_back("facerec " + report.provenance.version);
  add(header, "p", join(facts, " · "), {{"class", "facts"}});
}

// Links to all sections that follow.
void fill_navigation(Node navigation, Node body) {
  navigation.append_attribute("aria-label").set_value("Sections");
  Node list = add(navigation, "ul");
  for (Node section : body.children("section")) {
    const std::string id = section.attribute("id").value();
    add(add(list, "li"), "a", section.child("h2").text().get(), {{"href", "#" + id}});
  }
}

// "On lfw, tuned is significantly better than base: accuracy 99.20 % instead of 98.80 % (difference +0.40, …)."
void add_sentence(Node list, const std::vector<Cell>& row, const std::string& model, const std::string& first,
                  const Json& comparison) {
  enum { data, model_label, figure, before, after, difference, interval, verdict };
  const bool judged = !comparison.at("significant").is_null();
  const bool significant = judged && comparison.at("significant").get<bool>();
  const bool better = row[verdict].text == "significantly better";
  Node item = add(list, "li");
  add_text(item, "On " + row[data].text + ", ");
  if (significant) {
    add_text(item, model + " is ");
    add(item, "strong", row[verdict].text, {{"class", better ? "better" : "worse"}});
    add_text(item, " than " + first + ": accuracy ");
  } else if (judged) {
    add_text(item, "there is no significant difference between " + model + " and " + first + ": accuracy ");
  } else {
    add_text(item,
             model + " and " + first + " were not resampled, so that their difference cannot be judged: accuracy ");
  }
  add_cell(item, "span", row[after]);
  add_text(item, " % instead of ");
  add_cell(item, "span", row[before]);
  add_text(item, " % (difference ");
  add_cell(item, "span", row[difference]);
  add_text(item, judged ? ", 95 % interval " : "");
  if (judged) add_cell(item, "span", row[interval]);
  add_text(item, ").");
}

void add_comparison(Node body, const Json& json, const std::vector<Table>& tables) {
  const auto table = std::ranges::find(tables, Section::comparison, &Table::section);
  if (table == tables.end()) return;
  Node section = add_section(body, "comparison", "Comparison");
  Node list = add(section, "ul");
  for (size_t i = 0; i < table->rows.size(); ++i) {
    const Json& comparison = json.at("comparisons")[i];
    if (comparison.at("figure") != "accuracy" || !comparison.at("condition").is_null()) continue;
    const Json& models = json.at("models");
    add_sentence(list, table->rows[i], model_name(models.at(comparison.at("model").get<size_t>())),
                 model_name(models.at(0)), comparison);
  }
  add_table(section, *table);
}

void add_robustness(Node body, const Report& report, const std::vector<Table>& tables) {
  if (std::ranges::find(tables, Section::robustness, &Table::section) == tables.end()) return;
  Node section = add_section(body, "robustness", "Robustness");
  add_tables(section, tables, Section::robustness);
  add_severity_figures(section, report);
}

void add_groups(Node body, const std::vector<Table>& tables) {
  if (std::ranges::find(tables, Section::groups, &Table::section) == tables.end()) return;
  add_tables(add_section(body, "groups", "Groups of people"), tables, Section::groups);
}

void add_wrong_pair(Node list, const WrongPair& pair, const std::string& place) {
  Node figure = add(list, "figure", "", {{"class", "pair"}});
  Node images = add(figure, "div", "", {{"class", "images"}});
  for (const auto& [name, bytes] : {std::pair(&pair.name_a, &pair.image_a), std::pair(&pair.name_b, &pair.image_b)}) {
    if (!bytes->empty()) add(images, "img", "", {{"src", html::data_uri(*bytes)}, {"alt", *name}});
  }
  Node caption = add(figure, "figcaption");
  add_text(caption, "cosine ");
  add_cell(caption, "span", {fmt::format("{:.4f}", pair.cosine), {place + "/cosine"}}, {{"class", "score"}});
  add(caption, "div", pair.name_a);
  add(caption, "div", pair.name_b);
}

void add_wrong_pairs(Node body, const Report& report, const Json& json) {
  if (std::ranges::all_of(report.results, [](const ReportEntry& e) { return e.wrong.empty(); })) return;
  Node section = add_section(body, "wrong", "Wrong pairs");
  for (size_t i = 0; i < report.results.size(); ++i) {
    const ReportEntry& entry = report.results[i];
    for (const bool same : {false, true}) {
      if (std::ranges::find(entry.wrong, same, &WrongPair::same) == entry.wrong.end()) continue;
      add(section, "h3",
          fmt::format("{}, {}: {}", set_name(json.at("results")[i]), model_name(json.at("models")[entry.model]),
                      same ? "the same person, not recognised (false non-matches)"
                           : "different people, taken for the same (false matches)"));
      Node list = add(section, "div", "", {{"class", "pairs"}});
      for (size_t k = 0; k < entry.wrong.size(); ++k) {
        if (entry.wrong[k].same == same)
          add_wrong_pair(list, entry.wrong[k], fmt::format("/results/{}/wrong_pairs/{}", i, k));
      }
    }
  }
}

std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add_provenance(Node body, const Report& report, const Json& json) {
  Node section = add_section(body, "provenance", "What these figures rest on");
  const Provenance& made = report.provenance;
  add_facts(section, "Evaluation",
            {{"facerec", made.version}, {"time", made.time}, {"machine", made.machine}, {"computed by", made.engine}});
  for (const Json& model : json.at("models")) {
    add_facts(
        section, "Model: " + model_name(model),
        {{"path", model.at("path")}, {"architecture", model.at("architecture")}, {"SHA-256", model.at("identity")}});
  }
  std::vector<std::pair<std::string, std::string>> data;
  for (const Json& result : json.at("results")) {
    if (!result.at("condition").is_null()) continue;
    const std::string name = result.at("data");
    if (std::ranges::find(data, name, &std::pair<std::string, std::string>::first) != data.end()) continue;
    std::string text =
        result.at("data_identity").is_null() ? "SHA-256 not computed" : "SHA-256 " + plain(result.at("data_identity"));
    const Json& alignment = result.at("alignment");
    if (!alignment.is_null()) {
      text += fmt::format("; aligned by {}, {} images without a face cut out of their centre",
                          plain(alignment.at("detector")), plain(alignment.at("centred")));
    }
    data.emplace_back(name, text);
  }
  add_facts(section, "Data", data);
  std::vector<std::pair<std::string, std::string>> options;
  for (const auto& [key, value] : made.configuration.items()) options.emplace_back(key, plain(value));
  if (!options.empty()) add_facts(section, "Configuration", options);
}

void add_guide(Node body) {
  Node section = add_section(body, "reading", "How to read the figures");
  for (const auto& [term, text] : page_guide) {
    add(section, "h3", term);
    add(section, "p", text);
  }
}

// JSON may write these letters as escapes, which keeps the element's end, and markup, out of it.
std::string embedded(const Json& json) {
  std::string text;
  for (char c : json.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '<' || c == '>' || c == '&') {
      text += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

std::string to_html(const Report& report) {
  const Json json = to_json(report);
  const std::vector<Table> tables = make_tables(json);
  pugi::xml_document document;
  document.append_child(pugi::node_doctype).set_value("html");
  Node page = add(document, "html", "", {{"lang", "en"}});
  add_head(page);
  Node body = add(page, "body");
  add_header(body, report, json);
  Node navigation = body.append_child("nav");
  Node results = add_section(body, "results", "Results");
  if (tables.empty()) add(results, "p", "Nothing was evaluated.");
  add_tables(results, tables, Section::results);
  add_comparison(body, json, tables);
  add_pair_figures(body, report);
  add_search_figures(body, report);
  add_robustness(body, report, tables);
  add_groups(body, tables);
  add_wrong_pairs(body, report, json);
  add_guide(body);
  add_provenance(body, report, json);
  fill_navigation(navigation, body);
  html::add_raw(body, "script", embedded(json), {{"type", "application/json"}, {"id", "evaluation"}});
  return html::to_text(document);
}

}  // namespace facerec
