// What verify and identify decide by.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "facerec/eval/report.h"
#include "facerec/infer/calibration.h"
#include "tools/verbs.h"

namespace facerec {

struct FoundCalibration {
  fs::path file;
  Calibration calibration;
};

// That in `file` (--calibration) or, where none is named, in the model's own; nullopt: there is none. Throws a usage
// Error when it is of another model or rule, and when `file` holds none.
std::optional<FoundCalibration> calibration_for(const std::string& file, const ModelInfo& model, EmbeddingRule rule);

struct Decision {
  Threshold threshold = {};
  std::optional<double> fmr = {}, fpir = {};  // the rate that it was calibrated for: one of them, or none
  int64_t gallery_size = 0;                   // of `fpir`
  std::string origin = {};                    // option | calibration | model
  std::string file = {}, data = {};

  bool is_same(double cosine) const { return cosine >= threshold.cosine; }
};

// --threshold, else --calibration, else the model's; nullopt: there is none of these. Throws a usage Error when --fmr
// or
// --exit-code ask for one.
std::optional<Decision> decision_for(const VerifyVerb& verb, const ModelInfo& model);

// The same for a gallery of so many people; a usage Error where there is none. Warns of a threshold that the
// calibration cannot tell.
Decision decision_for(const IdentifyVerb& verb, const ModelInfo& model, EmbeddingRule rule, int64_t gallery_size);

nlohmann::ordered_json to_json(const std::optional<Decision>& decision);

// "calibrated for FMR 1e-4 on lfw (model.calibration.json)"
std::string origin_text(const Decision& decision);

inline constexpr const char* no_threshold = "no threshold: run facerec calibrate, or give --threshold";

}  // namespace facerec
