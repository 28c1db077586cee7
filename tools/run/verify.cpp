#include "tools/run/verify.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "facerec/core/error.h"
#include "facerec/core/stop.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

// Throws Error naming the picture when it cannot be compared.
EmbeddedPicture embed(FaceModel& face, const std::string& path) {
  EmbeddedPicture picture = face.embedder->embed(fs::path(path));
  if (const std::string fault = fault_of(picture); !fault.empty()) {
    throw Error("cannot be compared: " + fault)
        .file(path)
        .hint("--align none takes the whole picture as a crop, --align DETECTOR another detector");
  }
  if (picture.found > 1) spdlog::info("{}: {} faces, taken is the {}", path, picture.found, picture.reason);
  return picture;
}

Json json_of(const std::string& path, const EmbeddedPicture& picture) {
  Json json{{"path", path}, {"width", picture.width}, {"height", picture.height}, {"found", picture.found}};
  json.update(json_of(picture.faces.front()));
  return json;
}

std::string text_of_result(double cosine, const std::optional<Decision>& decision) {
  const double squared_l2 = 2 - 2 * cosine;
  if (!decision) return fmt::format("cosine {:.4f}, squared L2 {:.4f}; {}\n", cosine, squared_l2, no_threshold);
  const bool same = decision->is_same(cosine);
  return fmt::format("{}: cosine {:.4f} {} {:.4f} (squared L2 {:.4f} {} {:.4f}); {}\n",
                     same ? "same person" : "different people", cosine, same ? "≥" : "<", decision->threshold.cosine,
                     squared_l2, same ? "≤" : ">", decision->threshold.squared_l2(), origin_text(*decision));
}

int verify_two(const VerifyVerb& verb, FaceModel& face, const std::optional<Decision>& decision,
               const CommonOptions& common) {
  const EmbeddedPicture a = embed(face, verb.a), b = embed(face, verb.b);
  const double cosine = cosine_of(a.faces.front().embedding, b.faces.front().embedding);
  const Json json{{"cosine", cosine},
                  {"squared_l2", 2 - 2 * cosine},
                  {"decision", verdict(decision, cosine)},
                  {"threshold", to_json(decision)},
                  {"model", describe(face)},
                  {"a", json_of(verb.a, a)},
                  {"b", json_of(verb.b, b)}};
  print_answer(common, json, text_of_result(cosine, decision));
  return verb.exit_code && !decision->is_same(cosine) ? exit_no : exit_done;
}

}  // namespace

Json verdict(const std::optional<Decision>& decision, double cosine) {
  if (!decision) return nullptr;
  return decision->is_same(cosine) ? "same" : "different";
}

Json describe(const FaceModel& face) {
  return {{"path", face.model.info.path},
          {"architecture", face.model.info.architecture},
          {"identity", face.model.info.identity},
          {"flip", to_string(face.rule)}};
}

int run_verify(const VerifyVerb& verb, const CommonOptions& common) {
  if (!verb.pairs.empty()) catch_stop_signals();
  FaceModel face = open_face_model(verb.model, verb.flip, verb.faces, verb.engine);
  const std::optional<Decision> decision = decision_for(verb, face.model.info);
  return verb.pairs.empty() ? verify_two(verb, face, decision, common) : verify_pairs(verb, face, decision, common);
}

}  // namespace facerec
