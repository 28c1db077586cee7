#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/format.h"
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

// The same points in two vocabularies: TAR at FAR, FNMR at FMR.
Json operating_points(const VerificationResult& result, bool as_tar) {
  Json points = Json::object();
  for (size_t i = 0; i < std::size(fmr_targets); ++i) {
    const bool defined = i < result.fmr.size();
    const OperatingPoint point = defined ? result.fmr[i] : OperatingPoint{};
    const auto given = [&](double value) { return defined ? number(value) : Json(nullptr); };
    points[rate_name(fmr_targets[i])] = {{"value", given(as_tar ? point.tar() : point.fnmr)},
                                         {"threshold", given(point.threshold)},
                                         {as_tar ? "far" : "fmr", given(point.fmr)},
                                         {"supported", defined && supports_rate(result.different, fmr_targets[i])}};
  }
  return points;
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

Json alignment_json(const std::optional<AlignmentInfo>& alignment) {
  if (!alignment) return nullptr;
  return {{"detector", alignment->detector}, {"centred", alignment->centred}};
}

Json entry_json(const ReportEntry& entry) {
  const VerificationResult& r = entry.verification;
  return {{"model", entry.model},
          {"data", entry.data},
          {"protocol", "verification"},
          {"flip", to_string(r.rule)},
          {"pairs", r.pairs},
          {"same", r.same},
          {"different", r.different},
          {"missing_pairs", r.missing_pairs},
          {"folds", r.accuracy.accuracy.size()},
          {"alignment", alignment_json(entry.alignment)},
          {"accuracy",
           {{"mean", number(r.accuracy.mean)},
            {"std", number(r.accuracy.std)},
            {"ci95", Json::array({number(r.accuracy.ci95.low), number(r.accuracy.ci95.high)})},
            {"per_fold", r.accuracy.accuracy}}},
          {"threshold",
           {{"cosine", number(r.accuracy.mean_threshold_cosine())},
            {"squared_l2", number(r.accuracy.mean_threshold)},
            {"squared_l2_per_fold", r.accuracy.threshold}}},
          {"auc", number(r.auc)},
          {"eer", number(r.eer)},
          {"tar_at_far", operating_points(r, true)},
          {"fnmr_at_fmr", operating_points(r, false)},
          {"val_at_far", val_at_far_json(r)},
          {"mean_norm", number(r.mean_norm)},
          {"zero_embeddings", r.zero_embeddings},
          {"notes", r.notes}};
}

}  // namespace

std::optional<double> mean_accuracy(const Report& report, size_t model) {
  std::vector<double> accuracy;
  for (const ReportEntry& entry : report.results) {
    if (entry.model == model) accuracy.push_back(entry.verification.accuracy.mean);
  }
  if (accuracy.empty()) return std::nullopt;
  return mean_of(accuracy);
}

Json to_json(const Report& report) {
  Json models = Json::array(), results = Json::array();
  for (size_t i = 0; i < report.models.size(); ++i) {
    const ModelInfo& model = report.models[i];
    models.push_back({{"path", model.path},
                      {"architecture", model.architecture},
                      {"identity", model.identity},
                      {"label", model.label},
                      {"mean_accuracy", number(mean_accuracy(report, i))}});
  }
  for (const ReportEntry& entry : report.results) {
    if (entry.model >= report.models.size()) throw Error("the report on '" + entry.data + "' names no known model");
    results.push_back(entry_json(entry));
  }
  return {{"schema", 1},
          {"models", models},
          {"results", results},
          {"mean_accuracy", report.models.size() == 1 ? number(mean_accuracy(report, 0)) : nullptr}};
}

}  // namespace facerec
