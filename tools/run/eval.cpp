#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "facerec/core/error.h"
#include "facerec/recognize/aligned_set.h"
#include "tools/run/evaluation.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

// The list that --pairs gives this set; "": none.
std::string pairs_of(const EvalVerb& verb, const std::string& name) {
  for (const NamedPath& pairs : verb.pairs) {
    if (pairs.name == name || (pairs.name.empty() && verb.data.size() == 1)) return pairs.path;
  }
  return "";
}

std::string name_of(const NamedPath& data) { return data.name.empty() ? set_name(data.path) : data.name; }

// Before anything is opened: a list under a wrong name shows as that, not as images without pairs.
void check_pairs(const EvalVerb& verb) {
  std::set<std::string> names;
  for (const NamedPath& data : verb.data) names.insert(name_of(data));
  for (const NamedPath& pairs : verb.pairs) {
    if (!pairs.name.empty() ? !names.contains(pairs.name) : verb.data.size() > 1) {
      const std::string own = pairs.name.empty() ? "" : fmt::format("{}=", pairs.name);
      throw Error::usage(fmt::format("--pairs {}{} belongs to none of the data sets", own, pairs.path))
          .hint("name it: --pairs NAME=FILE");
    }
  }
}

std::vector<PairSet> open_sets(const EvalVerb& verb) {
  check_pairs(verb);
  std::vector<PairSet> sets;
  for (const NamedPath& data : verb.data) {
    for (PairSet& set : open_pair_sets(data.name, data.path, pairs_of(verb, name_of(data)), verb.skip_missing)) {
      check_folds(set, data.path);  // before hours of work, not after
      sets.push_back(std::move(set));
    }
  }
  check_names(sets);
  return sets;
}

// Photographs as crops of the size that the first model takes.
class SetAlignment {
 public:
  SetAlignment(std::vector<PairSet>& sets, const std::string& detector, const Preprocess& preprocess)
      : options_{.name = detector == "auto" ? best_detector() : detector, .device = "cpu", .threads = 1} {
    spdlog::info("faces are detected by {}", options_.name);
    open_detector(options_);  // before hours of work, not after
    for (PairSet& set : sets) {
      const auto aligned = std::make_shared<AlignedSet>(set.images, SelectionOptions{.fallback_center = true},
                                                        CropShape{preprocess.width, preprocess.height},
                                                        [options = options_] { return open_detector(options); });
      set.images = aligned;
      sets_.emplace_back(set.name, aligned);
    }
  }

  // Adds to the report what became of the photographs, and warns of those that show no face.
  void tell(Report& report) const {
    for (const auto& [name, set] : sets_) {
      const std::vector<std::string> centred = set->centred();
      for (ReportEntry& entry : report.results) {
        if (entry.data == name) entry.alignment = AlignmentInfo{options_.name, centred.size()};
      }
      if (centred.empty()) continue;
      spdlog::warn("{}: {} images show no face to align and are cut out of their centre, the first: {}", name,
                   centred.size(), centred.front());
    }
  }

 private:
  DetectorOptions options_;
  std::vector<std::pair<std::string, std::shared_ptr<const AlignedSet>>> sets_;
};

}  // namespace

int run_eval(const EvalVerb& verb, const CommonOptions& common) {
  if (!verb.out.empty() && fs::exists(fs::path(verb.out) / "evaluation.json") && !verb.force) {
    throw Error::usage("holds a report already").file(verb.out).hint("--force replaces it");
  }
  std::vector<PairSet> sets = open_sets(verb);
  std::vector<std::string> names = verb.models;
  if (names.empty()) names.emplace_back();
  std::vector<OpenModel> models;
  models.reserve(names.size());
  for (const std::string& name : names) models.push_back(open_model(name, verb.engine));
  const size_t asked = models.size();
  std::optional<SetAlignment> alignment;
  if (!verb.align.empty()) alignment.emplace(sets, verb.align, models.front().engine->spec().preprocess);
  if (verb.baselines) add_baselines(models, verb.engine);

  EvaluationOptions options;
  options.rule = parse_embedding_rule(verb.flip);
  options.embed.batch_size = verb.batch_size;
  options.embed.threads = verb.engine.threads;
  options.skip_broken = verb.skip_missing;
  Report report = evaluate_all(models, sets, options);
  if (alignment) alignment->tell(report);
  std::string text = to_text(report);
  if (!verb.out.empty()) {
    write_report(report, verb.out);
    text += "report: " + verb.out + "\n";
  }
  print_answer(common, to_json(report), text);
  for (size_t model = 0; model < asked; ++model) {
    if (verb.fail_under && mean_accuracy(report, model).value_or(0) < *verb.fail_under) return exit_no;
  }
  const bool skipped = std::any_of(report.results.begin(), report.results.end(),
                                   [](const ReportEntry& entry) { return entry.verification.missing_pairs > 0; });
  return skipped ? exit_skipped : exit_done;
}

}  // namespace facerec
