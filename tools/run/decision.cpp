#include "tools/run/decision.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

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

namespace {

constexpr double usual_fpir = 0.01;  // of strangers, where the calibration names none

Decision given(double cosine) {
  return {.threshold = {.cosine = cosine, .low = cosine, .high = cosine}, .origin = "option"};
}

Decision calibrated(const FoundCalibration& found, const std::string& option) {
  return {
      .origin = option.empty() ? "model" : "calibration", .file = text_of(found.file), .data = found.calibration.data};
}

}  // namespace

std::optional<Decision> decision_for(const VerifyVerb& verb, const ModelInfo& model) {
  if (verb.threshold) return given(*verb.threshold);
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
  Decision decision = calibrated(*found, verb.calibration);
  decision.fmr = verb.fmr.value_or(found->calibration.default_fmr);
  decision.threshold = found->calibration.at_fmr(*decision.fmr);
  return decision;
}

Decision decision_for(const IdentifyVerb& verb, const ModelInfo& model, EmbeddingRule rule, int64_t gallery_size) {
  if (verb.threshold) return given(*verb.threshold);
  const auto found = calibration_for(verb.calibration, model, rule);
  if (!found) {
    throw Error::usage("has no calibration, without which strangers cannot be told from people who are enrolled")
        .file(model.path)
        .hint("facerec calibrate makes one: --calibration FILE; --threshold COSINE does without");
  }
  Decision decision = calibrated(*found, verb.calibration);
  decision.fpir = verb.fpir.value_or(found->calibration.default_fpir.value_or(usual_fpir));
  decision.gallery_size = gallery_size;
  decision.threshold = found->calibration.at_fpir(*decision.fpir, gallery_size);
  if (!decision.threshold.supported) {
    spdlog::warn(
        "the calibration on {} is too small to tell the threshold for FPIR {:g} among {} people: it is "
        "extrapolated",
        decision.data, *decision.fpir, gallery_size);
  }
  return decision;
}

nlohmann::ordered_json to_json(const std::optional<Decision>& decision) {
  if (!decision) return nullptr;
  nlohmann::ordered_json json{{"cosine", decision->threshold.cosine},
                              {"squared_l2", decision->threshold.squared_l2()},
                              {"origin", decision->origin}};
  if (!decision->fmr && !decision->fpir) return json;
  json["cosine_ci95"] = {decision->threshold.low, decision->threshold.high};
  if (decision->fmr) json["fmr"] = *decision->fmr;
  if (decision->fpir) {
    json["fpir"] = *decision->fpir;
    json["gallery_size"] = decision->gallery_size;
  }
  json["supported"] = decision->threshold.supported;
  json["file"] = decision->file;
  json["data"] = decision->data;
  return json;
}

std::string origin_text(const Decision& decision) {
  if (!decision.fmr && !decision.fpir) return "the threshold that was given";
  const std::string rate = decision.fmr
                               ? fmt::format("FMR {:g}", *decision.fmr)
                               : fmt::format("FPIR {:g} among {} people", *decision.fpir, decision.gallery_size);
  return fmt::format("calibrated for {} on {}{} ({})", rate, decision.data,
                     decision.threshold.supported ? "" : ", extrapolated beyond its comparisons", decision.file);
}

}  // namespace facerec
