// Verifying: what its forms share.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>

#include "tools/run/decision.h"
#include "tools/run/face_model.h"

namespace facerec {

// Of two embeddings of unit length.
double cosine_of(std::span<const float> a, std::span<const float> b);

// "same" | "different"; null without a decision.
nlohmann::ordered_json verdict(const std::optional<Decision>& decision, double cosine);

nlohmann::ordered_json describe(const FaceModel& face);  // path, architecture, identity, flip

int verify_pairs(const VerifyVerb& verb, FaceModel& face, const std::optional<Decision>& decision,
                 const CommonOptions& common);

}  // namespace facerec
