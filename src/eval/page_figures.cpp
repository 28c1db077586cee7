#include "eval/page_figures.h"

#include <fmt/format.h>

#include <algorithm>

#include "eval/axes.h"
#include "eval/canvas_svg.h"
#include "facerec/core/text.h"
#include "facerec/eval/plot.h"

namespace facerec {
namespace {

using html::Node;

std::string name_of(const Report& report, const ReportEntry& entry) {
  const ModelInfo& model = report.models.at(entry.model);
  return model.label.empty() ? model.path : model.label;
}

// nullptr where no pairs were compared.
const ComparisonFigures* comparison_of(const ReportEntry& entry) {
  if (const auto* result = std::get_if<VerificationResult>(&entry.result)) return result;
  if (const auto* result = std::get_if<TemplateResult>(&entry.result)) return result;
  return std::get_if<ComparisonFigures>(&entry.result);
}

// Thresholds and scores are distances.
bool is_euclidean(const ReportEntry& entry) {
  const auto* result = std::get_if<VerificationResult>(&entry.result);
  return result != nullptr && result->score == PairScore::euclidean;
}

std::optional<double> threshold_of(const ReportEntry& entry) {
  const auto* result = std::get_if<VerificationResult>(&entry.result);
  if (result == nullptr) return std::nullopt;
  return is_euclidean(entry) ? result->accuracy.mean_threshold : result->accuracy.mean_threshold_cosine();
}

using UseFigure = std::function<void(const std::string& name, const Figure& figure, const std::string& caption)>;

void add_figure(Node parent, const Figure& figure, const std::string& caption) {
  Node element = html::add(parent, "figure");
  Node plot = html::add(element, "div", "", {{"class", "plot"}});
  pugi::xml_document document;
  const std::string svg = figure.svg();
  document.load_buffer(svg.data(), svg.size());
  Node drawing = plot.append_copy(document.child("svg"));
  drawing.remove_attribute("width");
  drawing.remove_attribute("height");
  drawing.append_attribute("role").set_value("img");
  html::add(element, "figcaption", caption);
}

using Entries = std::vector<const ReportEntry*>;

// Entries of images as they are, by data set in the order of first mention; those that `has` something to draw.
template <class Has>
std::vector<Entries> sets_of(const Report& report, Has has) {
  std::vector<Entries> sets;
  for (const ReportEntry& entry : report.results) {
    if (entry.condition != Condition{} || !has(entry)) continue;
    const auto same = [&](const Entries& set) {
      return set.front()->data == entry.data && set.front()->result.index() == entry.result.index();
    };
    const auto set = std::ranges::find_if(sets, same);
    if (set == sets.end()) {
      sets.push_back({&entry});
    } else {
      set->push_back(&entry);
    }
  }
  return sets;
}

void use_curves(const Report& report, const Entries& set, const UseFigure& use) {
  const std::string& data = set.front()->data;
  std::vector<RocSeries> series, cosines;
  for (const ReportEntry* entry : set) {
    const auto& roc = comparison_of(*entry)->roc;
    if (!roc) continue;
    series.push_back({name_of(report, *entry), &*roc});
    if (!is_euclidean(*entry)) cosines.push_back(series.back());
  }
  if (!series.empty()) {
    use("roc", roc_figure(series, data + ": ROC"),
        "ROC: the share of same-person pairs that are accepted, at each rate of accepting different people.");
    use("det", det_figure(series, data + ": DET"),
        "DET: both error rates against each other; the lower left is better.");
  }
  if (!cosines.empty()) {
    use("error_curve", error_curve_figure(cosines, data + ": error curve"),
        "Error curve: both error rates on linear axes; the area below is 1 − AUC, and 0 is best.");
  }
}

void use_histograms(const Report& report, const Entries& set, const UseFigure& use) {
  for (const ReportEntry* entry : set) {
    const ScoreDistribution& distribution = comparison_of(*entry)->distribution;
    const auto empty = [](const std::vector<uint64_t>& counts) {
      return std::ranges::all_of(counts, std::logical_not());
    };
    if (empty(distribution.same) && empty(distribution.different)) continue;
    const std::string model = name_of(report, *entry);
    const std::string title = report.models.size() == 1 ? entry->data : entry->data + ", " + model;
    use(report.models.size() == 1 ? "scores" : fmt::format("scores_{}", entry->model + 1),
        histogram_figure(distribution, threshold_of(*entry), title + ": scores",
                         is_euclidean(*entry) ? "Distance" : "Cosine similarity"),
        "Scores of same-person and of different-person pairs: the less they overlap, the better.");
  }
}

// The factor of low resolution, else a level; images as they are come first on either axis.
double untouched_severity(const std::string& kind) { return kind == "low_res" ? 1 : 0; }

SeveritySeries::Point severity_point(const ReportEntry& entry, double severity) {
  const KFoldAccuracy& accuracy = entry.verification().accuracy;
  return {severity, accuracy.mean, accuracy.ci95};
}

// What tells a series from others first: long labels lose their end.
std::string series_name(const Report& report, const ReportEntry& entry) {
  std::vector<std::string> parts;
  if (!entry.condition.restored_by.empty()) parts.push_back("+ " + entry.condition.restored_by);
  if (entry.condition.side == "first") parts.emplace_back("first image only");
  if (parts.empty() || report.models.size() > 1) parts.push_back(name_of(report, entry));
  return join(parts);
}

std::vector<SeveritySeries> severity_series(const Report& report, const std::string& data, const std::string& kind) {
  std::vector<SeveritySeries> series;
  std::map<std::pair<size_t, std::string>, size_t> place_of;  // two models may have one name
  for (const ReportEntry& entry : report.results) {
    if (entry.data != data || entry.condition.kind != kind) continue;
    const std::string name = series_name(report, entry);
    const auto [place, is_new] = place_of.try_emplace({entry.model, name}, series.size());
    if (is_new) series.push_back({name, {}});
    SeveritySeries* const found = &series[place->second];
    if (is_new) {
      for (const ReportEntry& whole : report.results) {
        if (whole.data != data || whole.model != entry.model || whole.condition != Condition{}) continue;
        if (comparison_of(whole) != nullptr) found->points.push_back(severity_point(whole, untouched_severity(kind)));
      }
    }
    found->points.push_back(severity_point(entry, entry.condition.severity));
  }
  for (SeveritySeries& s : series) std::ranges::stable_sort(s.points, {}, &SeveritySeries::Point::severity);
  return series;
}

void use_search_figures(const Report& report, const Entries& set, const UseFigure& use) {
  std::vector<SearchSeries> series;
  bool open = false, ranked = false;
  for (const ReportEntry* entry : set) {
    const auto& result = std::get<IdentificationResult>(entry->result);
    series.push_back({name_of(report, *entry), &result});
    open |= !result.curve.empty();
    ranked |= !result.cmc.empty();
  }
  if (open) {
    use("open_set", open_set_figure(series, set.front()->data + ": open set"),
        "Open set: people of the gallery who are missed, at each rate of finding strangers in it.");
  }
  if (ranked) {
    use("cmc", cmc_figure(series, set.front()->data + ": CMC"),
        "CMC: the share of searches whose person is among the best k, over k.");
  }
}

// `use` gets the name of the data set, too.
template <class Use>
void use_severity_figures(const Report& report, Use use) {
  std::vector<std::pair<std::string, std::string>> drawn;
  for (const ReportEntry& entry : report.results) {
    const std::string& kind = entry.condition.kind;
    if (kind.empty() || !std::holds_alternative<VerificationResult>(entry.result)) continue;
    if (std::ranges::find(drawn, std::pair(entry.data, kind)) != drawn.end()) continue;
    drawn.emplace_back(entry.data, kind);
    use(entry.data, kind,
        severity_figure(severity_series(report, entry.data, kind),
                        kind == "low_res" ? "Reduced by the factor" : "Severity",
                        entry.data + ": accuracy, " + (kind == "low_res" ? "low resolution" : kind)),
        "Accuracy with its 95 % interval.");
  }
}

std::vector<Entries> compared_sets(const Report& report) {
  return sets_of(report, [](const ReportEntry& entry) { return comparison_of(entry) != nullptr; });
}

std::vector<Entries> searched_sets(const Report& report) {
  return sets_of(report,
                 [](const ReportEntry& entry) { return std::holds_alternative<IdentificationResult>(entry.result); });
}

}  // namespace

void add_pair_figures(Node body, const Report& report) {
  size_t number = 0;
  for (const Entries& set : compared_sets(report)) {
    Node section = html::add(body, "section", "", {{"id", fmt::format("data-{}", ++number)}});
    html::add(section, "h2", set.front()->data);
    Node figures = html::add(section, "div", "", {{"class", "figures"}});
    const UseFigure add = [&](const auto&, const auto& figure, const auto& caption) {
      add_figure(figures, figure, caption);
    };
    use_curves(report, set, add);
    use_histograms(report, set, add);
  }
}

void add_search_figures(Node body, const Report& report) {
  size_t number = 0;
  for (const Entries& set : searched_sets(report)) {
    Node section = html::add(body, "section", "", {{"id", fmt::format("search-{}", ++number)}});
    html::add(section, "h2", set.front()->data + ": identification");
    Node figures = html::add(section, "div", "", {{"class", "figures"}});
    use_search_figures(report, set, [&](const auto&, const auto& figure, const auto& caption) {
      add_figure(figures, figure, caption);
    });
  }
}

void add_severity_figures(Node section, const Report& report) {
  Node figures = html::add(section, "div", "", {{"class", "figures"}});
  use_severity_figures(report, [&](const auto&, const auto&, const Figure& figure, const std::string& caption) {
    add_figure(figures, figure, caption);
  });
}

void for_figures(const Report& report, const std::function<void(const std::string&, const Figure&)>& work) {
  const bool is_one = std::ranges::all_of(
      report.results, [&](const ReportEntry& entry) { return entry.data == report.results.front().data; });
  const auto named = [&](const std::string& data) -> UseFigure {
    return [&work, suffix = is_one ? std::string() : "_" + data](const auto& name, const auto& figure, const auto&) {
      work(name + suffix, figure);
    };
  };
  for (const Entries& set : compared_sets(report)) {
    use_curves(report, set, named(set.front()->data));
    use_histograms(report, set, named(set.front()->data));
  }
  for (const Entries& set : searched_sets(report)) use_search_figures(report, set, named(set.front()->data));
  use_severity_figures(report, [&](const auto& data, const auto& kind, const Figure& figure, const std::string&) {
    named(data)("accuracy_" + kind, figure, "");
  });
}

std::string figure_style() {
  const std::pair<Colour, const char*> variables[] = {{paper_colour, "paper"},         {ink_colour, "ink"},
                                                      {faint_ink_colour, "faint"},     {grid_colour, "line"},
                                                      {fine_grid_colour, "fine-line"}, {border_colour, "line"}};
  std::string style;
  for (const auto& [colour, variable] : variables) {
    for (const char* attribute : {"fill", "stroke"}) {
      style += fmt::format(".plot [{0}='{1}'] {{ {0}: var(--{2}); }}\n", attribute, hex(colour), variable);
    }
  }
  return style;
}

}  // namespace facerec
