#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/format.h"
#include "eval/model_comparison.h"
#include "eval/statistics.h"
#include "facerec/core/error.h"
#include "facerec/eval/report.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

Json number(std::optional<double> value) {
  if (!value || std::isnan(*value)) return nullptr;
  if (std::isinf(*value)) return *value > 0 ? "inf" : "-inf";
  return *value;
}

Json interval(const std::optional<Interval>& value) {
  if (!value) return nullptr;
  return Json::array({number(value->low), number(value->high)});
}

// {"name": [one number a row], …}
template <class Row, class... Members>
Json columns(const std::vector<Row>& rows, std::pair<const char*, Members>... members) {
  Json json = Json::object();
  const auto add = [&](const char* name, auto member) {
    Json& column = json[name] = Json::array();
    for (const Row& row : rows) column.push_back(number(row.*member));
  };
  (add(members.first, members.second), ...);
  return json;
}

// The same points in two vocabularies: TAR at FAR, FNMR at FMR. intervals: of the TAR at each point; empty: none.
Json operating_points(const ComparisonFigures& figures, bool as_tar,
                      const std::vector<std::optional<Interval>>& intervals) {
  Json points = Json::object();
  for (size_t i = 0; i < std::size(fmr_targets); ++i) {
    const bool defined = i < figures.fmr.size();
    const OperatingPoint point = defined ? figures.fmr[i] : OperatingPoint{};
    const auto given = [&](double value) { return defined ? number(value) : Json(nullptr); };
    std::optional<Interval> ci95 = intervals.empty() ? std::nullopt : intervals[i];
    if (ci95 && !as_tar) ci95 = Interval{1 - ci95->high, 1 - ci95->low};
    points[rate_name(fmr_targets[i])] = {{"value", given(as_tar ? point.tar() : point.fnmr)},
                                         {"ci95", interval(ci95)},
                                         {"threshold", given(point.threshold)},
                                         {as_tar ? "far" : "fmr", given(point.fmr)},
                                         {"supported", defined && supports_rate(figures.different, fmr_targets[i])}};
  }
  return points;
}

Json moments_json(const std::optional<ScoreMoments>& moments) {
  if (!moments) return nullptr;
  return {{"mean", number(moments->mean)}, {"std", number(moments->std)}};
}

Json distribution_json(const ScoreDistribution& distribution) {
  return {{"low", distribution.low},
          {"high", distribution.high},
          {"same", distribution.same},
          {"different", distribution.different},
          {"same_moments", moments_json(distribution.same_moments)},
          {"different_moments", moments_json(distribution.different_moments)},
          {"decidability", number(distribution.decidability)}};
}

Json error_curve_json(const ComparisonFigures& figures) {
  if (!figures.roc) return nullptr;
  using P = ErrorCurvePoint;
  return columns(error_curve(*figures.roc), std::pair{"threshold", &P::threshold}, std::pair{"fnmr", &P::fnmr},
                 std::pair{"fmr", &P::fmr});
}

// What every set of comparisons has. resampled: nullptr where nothing was.
void add_comparisons(Json& json, const ComparisonFigures& figures, const Bootstrap* resampled) {
  const auto ci95 = [&](const std::string& figure) {
    return resampled == nullptr ? std::nullopt : bootstrap_interval(*resampled, figure);
  };
  std::vector<std::optional<Interval>> tar;
  for (double target : fmr_targets) tar.push_back(ci95("tar_at_far." + rate_name(target)));
  json["auc"] = number(figures.auc);
  json["auc_ci95"] = interval(ci95("auc"));
  json["error_area"] = number(figures.error_area);
  json["eer"] = number(figures.eer);
  json["eer_ci95"] = interval(ci95("eer"));
  json["tar_at_far"] = operating_points(figures, true, tar);
  json["fnmr_at_fmr"] = operating_points(figures, false, tar);
  json["distribution"] = distribution_json(figures.distribution);
  json["error_curve"] = error_curve_json(figures);
}

void add_counts(Json& json, const ComparisonFigures& figures) {
  json["pairs"] = figures.pairs;
  json["same"] = figures.same;
  json["different"] = figures.different;
}

Json val_at_far_json(const VerificationResult& result) {
  constexpr double target = 1e-3;
  const auto& val = result.val;
  return {{rate_name(target),
           {{"value", val ? number(val->mean) : nullptr},
            {"std", val ? number(val->std) : nullptr},
            {"far", val ? number(val->far) : nullptr},
            {"supported", val && supports_rate(result.different, target)}}}};
}

// Means over folds; what a threshold is of depends on the score.
Json threshold_json(const VerificationResult& result) {
  const KFoldAccuracy& accuracy = result.accuracy;
  if (result.score == PairScore::euclidean) {
    return {{"cosine", nullptr},
            {"squared_l2", nullptr},
            {"distance", number(accuracy.mean_threshold)},
            {"distance_per_fold", accuracy.threshold}};
  }
  return {{"cosine", number(accuracy.mean_threshold_cosine())},
          {"squared_l2", number(accuracy.mean_threshold)},
          {"squared_l2_per_fold", accuracy.threshold}};
}

Json fixed_threshold_json(const std::optional<FixedThreshold>& fixed) {
  if (!fixed) return nullptr;
  return {{"threshold", number(fixed->threshold)},
          {"from_test_scores", fixed->from_test_scores},
          {"accuracy", number(fixed->accuracy)},
          {"fmr", number(fixed->rates.fmr)},
          {"fnmr", number(fixed->rates.fnmr)}};
}

Json bootstrap_json(const Bootstrap& bootstrap) {
  if (bootstrap.empty()) return nullptr;
  return {{"replicates", bootstrap.values.front().size()},
          {"people", bootstrap.people},
          {"known_identities", bootstrap.known_identities}};
}

void add_result(Json& json, const VerificationResult& result) {
  const KFoldAccuracy& accuracy = result.accuracy;
  json["protocol"] = "verification";
  json["flip"] = to_string(result.rule);
  json["score"] = to_string(result.score);
  add_counts(json, result);
  json["missing_pairs"] = result.missing_pairs;
  json["failures"] = {{"images", result.failed_images}, {"pairs", result.failed_pairs}};
  json["folds"] = accuracy.accuracy.size();
  json["accuracy"] = {{"mean", number(accuracy.mean)},
                      {"std", number(accuracy.std)},
                      {"ci95", interval(accuracy.ci95)},
                      {"bootstrap_ci95", interval(bootstrap_interval(result.bootstrap, "accuracy"))},
                      {"per_fold", accuracy.accuracy}};
  json["threshold"] = threshold_json(result);
  json["fixed_threshold"] = fixed_threshold_json(result.fixed);
  add_comparisons(json, result, &result.bootstrap);
  if (result.score == PairScore::euclidean) json["error_curve"] = nullptr;
  json["val_at_far"] = val_at_far_json(result);
  json["bootstrap"] = bootstrap_json(result.bootstrap);
  json["mean_norm"] = number(result.mean_norm);
  json["zero_embeddings"] = result.zero_embeddings;
  json["notes"] = result.notes;
}

void add_result(Json& json, const TemplateResult& result) {
  json["protocol"] = "templates";
  json["templates"] = result.templates;
  json["images"] = result.images;
  add_counts(json, result);
  json["failures"] = {{"templates", result.empty_templates}};
  add_comparisons(json, result, nullptr);
  Json nearest = Json::object();
  for (const NearestTar& point : result.nearest) {
    nearest[rate_name(point.target)] = {{"value", number(point.tar)}, {"far", number(point.fpr)}};
  }
  json["tar_at_nearest_far"] = nearest;
  json["notes"] = result.notes;
}

void add_result(Json& json, const ComparisonFigures& figures) {
  json["protocol"] = "all_pairs";
  add_counts(json, figures);
  add_comparisons(json, figures, nullptr);
  json["notes"] = figures.notes;
}

void add_result(Json& json, const IdentificationResult& result) {
  json["protocol"] = "identification";
  json["gallery"] = {{"entries", result.gallery}, {"people", result.people}, {"distractors", result.distractors}};
  json["searches"] = {{"mated", result.mated}, {"nonmated", result.nonmated}};
  json["failures"] = {{"gallery", result.failed_gallery}, {"probes", result.failed_probes}};
  for (size_t rank : {1, 5, 10, 20}) {
    json["rank" + std::to_string(rank)] = rank <= result.cmc.size() ? number(result.cmc[rank - 1]) : Json(nullptr);
  }
  Json points = Json::object();
  for (double target : fpir_targets) points[rate_name(target)] = {{"value", nullptr}, {"supported", false}};
  for (const FpirPoint& point : result.at_fpir) {
    points[rate_name(point.target)] = {{"value", number(point.dir())},
                                       {"threshold", number(point.threshold)},
                                       {"fpir", number(point.fpir)},
                                       {"fnir", number(point.fnir)},
                                       {"supported", point.supported}};
  }
  json["dir_at_fpir"] = points;
  json["cmc"] = result.cmc;
  using P = FpirCurvePoint;
  json["open_set_curve"] = columns(result.curve, std::pair{"threshold", &P::threshold}, std::pair{"fpir", &P::fpir},
                                   std::pair{"fnir", &P::fnir});
  json["notes"] = result.notes;
}

Json condition_json(const Condition& condition) {
  if (condition == Condition{}) return nullptr;
  return {{"id", condition_id(condition)},          {"name", condition.name}, {"kind", condition.kind},
          {"severity", number(condition.severity)}, {"side", condition.side}, {"restored_by", condition.restored_by}};
}

Json alignment_json(const std::optional<AlignmentInfo>& alignment) {
  if (!alignment) return nullptr;
  return {{"detector", alignment->detector}, {"centred", alignment->centred}};
}

Json spread_json(const RateSpread& spread) {
  return {{"largest_by_smallest", number(spread.largest_by_smallest)},
          {"largest_by_geometric_mean", number(spread.largest_by_geometric_mean)}};
}

Json groups_json(const std::optional<GroupReport>& report) {
  if (!report) return nullptr;
  Json groups = Json::array();
  for (const GroupRates& group : report->groups) {
    groups.push_back({{"group", group.group},
                      {"same", group.same},
                      {"different", group.different},
                      {"fmr", number(group.rates.fmr)},
                      {"fmr_ci95", interval(group.fmr_ci95)},
                      {"fnmr", number(group.rates.fnmr)},
                      {"fnmr_ci95", interval(group.fnmr_ci95)}});
  }
  return {{"threshold", number(report->threshold)},
          {"threshold_source", report->threshold_source},
          {"groups", groups},
          {"across", report->across},
          {"ungrouped", report->ungrouped},
          {"spread", {{"fmr", spread_json(report->fmr)}, {"fnmr", spread_json(report->fnmr)}}},
          {"notes", report->notes}};
}

Json wrong_json(const std::vector<WrongPair>& wrong) {
  Json pairs = Json::array();
  for (const WrongPair& pair : wrong) {
    pairs.push_back({{"same", pair.same}, {"cosine", number(pair.cosine)}, {"images", {pair.name_a, pair.name_b}}});
  }
  return pairs;
}

Json entry_json(const ReportEntry& entry) {
  Json json = {{"model", entry.model}, {"data", entry.data}};
  std::visit([&](const auto& result) { add_result(json, result); }, entry.result);
  json["condition"] = condition_json(entry.condition);
  json["alignment"] = alignment_json(entry.alignment);
  json["data_identity"] = entry.data_identity.empty() ? Json(nullptr) : Json(entry.data_identity);
  json["groups"] = groups_json(entry.groups);
  json["wrong_pairs"] = wrong_json(entry.wrong);
  return json;
}

Json comparison_json(const Comparison& comparison) {
  return {{"model", comparison.model},
          {"baseline", 0},
          {"data", comparison.data},
          {"condition", condition_json(comparison.condition)},
          {"figure", comparison.figure},
          {"before", number(comparison.before)},
          {"after", number(comparison.after)},
          {"difference", number(comparison.difference())},
          {"ci95", interval(comparison.ci95)},
          {"significant", comparison.ci95 ? Json(comparison.significant()) : Json(nullptr)}};
}

Json model_json(const Report& report, size_t index) {
  const ModelInfo& model = report.models[index];
  Json under = Json::object();
  for (const ReportEntry& entry : report.results) {
    if (entry.condition == Condition{} || entry.model != index) continue;
    under[condition_id(entry.condition)] = number(mean_accuracy(report, index, entry.condition));
  }
  return {{"path", model.path},
          {"architecture", model.architecture},
          {"identity", model.identity},
          {"label", model.label},
          {"mean_accuracy", number(mean_accuracy(report, index))},
          {"mean_accuracy_under", under}};
}

Json provenance_json(const Provenance& provenance) {
  return {{"version", provenance.version},
          {"time", provenance.time},
          {"machine", provenance.machine},
          {"engine", provenance.engine},
          {"configuration", provenance.configuration}};
}

}  // namespace

std::string condition_id(const Condition& condition) {
  if (condition == Condition{}) return "";
  std::string id = (condition.kind == "low_res" ? "lr" : condition.kind) + number_name(condition.severity);
  if (!condition.side.empty() && condition.side != "both") id += "-" + condition.side;
  if (!condition.restored_by.empty() && condition.restored_by != "bicubic") id += "+" + condition.restored_by;
  // It stands in lists of requirements and in JSON pointers.
  std::ranges::replace_if(
      id, [](char c) { return std::string_view(" ,=/~\"'").find(c) != std::string_view::npos; }, '_');
  return id;
}

std::optional<double> mean_accuracy(const Report& report, size_t model, const Condition& condition) {
  std::vector<double> accuracy;
  for (const ReportEntry& entry : report.results) {
    const auto* result = std::get_if<VerificationResult>(&entry.result);
    if (result != nullptr && entry.model == model && entry.condition == condition) {
      accuracy.push_back(result->accuracy.mean);
    }
  }
  if (accuracy.empty()) return std::nullopt;
  return mean_of(accuracy);
}

Json to_json(const Report& report) {
  Json models = Json::array(), results = Json::array(), comparisons = Json::array();
  for (size_t i = 0; i < report.models.size(); ++i) models.push_back(model_json(report, i));
  for (const ReportEntry& entry : report.results) {
    if (entry.model >= report.models.size()) throw Error("the report on '" + entry.data + "' names no known model");
    results.push_back(entry_json(entry));
  }
  for (const Comparison& comparison : compare_models(report)) comparisons.push_back(comparison_json(comparison));
  return {{"schema", 1},
          {"provenance", provenance_json(report.provenance)},
          {"models", models},
          {"results", results},
          {"comparisons", comparisons},
          {"mean_accuracy", report.models.size() == 1 ? number(mean_accuracy(report, 0)) : nullptr}};
}

}  // namespace facerec
