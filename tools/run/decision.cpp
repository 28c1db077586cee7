#include "tools/run/decision.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "facerec/core/error.h"

namespace facerec {

std::optional<FoundCalibration> calibration_for(const std::string& file, const ModelInfo& model, EmbeddingRule rule) {
  const fs::path path = file.empty() ? model.path : file;
  std::optional<Calibration> found = find_calibration(path);
  if (!found) {
    if (file.empty()) return std::nullopt;
    throw Error::usage("holds no calibration").file(file).hint("facerec calibrate --out FILE.json writes one");
  }
  check_calibration(*found, path, model.identity, rule);
  return FoundCalibration{path, std::move(*found)};
}

std::optional<Decision> decision_for(const VerifyVerb& verb, const ModelInfo& model) {
  if (verb.threshold) {
    return Decision{.threshold = {.cosine = *verb.threshold, .low = *verb.threshold, .high = *verb.threshold},
                    .origin = "option"};
  }
  const auto found = calibration_for(verb.calibration, model, parse_embedding_rule(verb.flip));
  if (!found) {
    if (verb.fmr || verb.exit_code) {
      throw Error::usage(
          fmt::format("{} needs a threshold, and the model has no calibration", verb.fmr ? "--fmr" : "--exit-code"))
          .file(model.path)
          .hint("facerec calibrate makes one: --calibration FILE; --threshold COSINE does without");
    }
    return std::nullopt;
  }
  const double fmr = verb.fmr.value_or(found->calibration.default_fmr);
  return Decision{.threshold = found->calibration.at_fmr(fmr),
                  .fmr = fmr,
                  .origin = verb.calibration.empty() ? "model" : "calibration",
                  .file = text_of(found->file),
                  .data = found->calibration.data};
}

nlohmann::ordered_json to_json(const std::optional<Decision>& decision) {
  if (!decision) return nullptr;
  nlohmann::ordered_json json{{"cosine", decision->threshold.cosine},
                              {"squared_l2", decision->threshold.squared_l2()},
                              {"origin", decision->origin}};
  if (!decision->fmr) return json;
  json["cosine_ci95"] = {decision->threshold.low, decision->threshold.high};
  json["fmr"] = *decision->fmr;
  json["supported"] = decision->threshold.supported;
  json["file"] = decision->file;
  json["data"] = decision->data;
  return json;
}

std::string origin_text(const Decision& decision) {
  if (!decision.fmr) return "the threshold that was given";
  return fmt::format("calibrated for FMR {:g} on {}{} ({})", *decision.fmr, decision.data,
                     decision.threshold.supported ? "" : ", extrapolated beyond its comparisons", decision.file);
}

}  // namespace facerec
