// Verifying: what its forms share.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "facerec/gallery/search.h"
#include "tools/run/decision.h"
#include "tools/run/face_model.h"

namespace facerec {

// "same" | "different"; null without a decision.
nlohmann::ordered_json verdict(const std::optional<Decision>& decision, double cosine);

nlohmann::ordered_json describe(const FaceModel& face);  // path, architecture, identity, flip

int verify_pairs(const VerifyVerb& verb, FaceModel& face, const std::optional<Decision>& decision,
                 const CommonOptions& common);

}  // namespace facerec
