#include "facerec/eval/calibrate.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/progress.h"
#include "facerec/core/stop.h"
#include "facerec/core/text.h"
#include "facerec/data/pairs.h"
#include "facerec/recognize/embed_pictures.h"
#include "tools/run/face_model.h"
#include "tools/run/log.h"
#include "tools/run/run.h"
#include "tools/run/stopped.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

struct CalibrationSet {
  std::string name;
  std::shared_ptr<const Dataset> images;
  std::optional<std::vector<Pair>> pairs;  // nullopt: all of them
};

// A list of pairs, and what holds pairs of people without names, give those pairs; all else every pair of images.
CalibrationSet open_set(const CalibrateVerb& verb, Problems& problems) {
  const std::string& path = verb.data.path;
  const std::string format = data_format(path);
  if (verb.pairs.empty() && format != "bin" && format != "bcolz" && format != "cfp") {
    return {set_name(path), open_images(training_set_of(verb.data), verb.data.root, problems), std::nullopt};
  }
  check_no_rules(training_set_of(verb.data));
  std::vector<PairSet> sets = open_evaluation_sets(path, verb.pairs, "", true);
  if (sets.size() > 1) {
    throw Error::usage(fmt::format("holds {} evaluation sets", sets.size())).file(path).hint("name one of them");
  }
  PairSet& set = sets.front();
  if (set.missing > 0) spdlog::warn("{} pairs are left out, their images are absent", set.missing);
  return {set.name, set.images, std::move(set.pairs)};
}

struct EmbeddedSet {
  LabelledEmbeddings faces;
  std::vector<int64_t> row_of;  // of each image; -1: none
  std::vector<BadInput> skipped;
};

EmbeddedSet embed(FaceModel& face, const CalibrationSet& set, int threads) {
  EmbeddedSet result;
  result.faces.dimension = static_cast<size_t>(face.embedder->dimension());
  result.row_of.resize(static_cast<size_t>(set.images->size()), -1);
  // Sets of pairs without identities have one class: each image then counts as a person.
  const bool named = set.images->classes() > 1;
  Progress progress("embed " + set.name, set.images->size(), "images");
  const auto take = [&](int64_t index, const EmbeddedPicture& picture, const std::string& error) {
    throw_when_stopped();
    progress.update(index + 1);
    if (const std::string fault = error.empty() ? fault_of(picture) : error; !fault.empty()) {
      result.skipped.push_back({set.images->name(index), fault});
      return;
    }
    const EmbeddedFace& first = picture.faces.front();
    result.row_of[static_cast<size_t>(index)] = static_cast<int64_t>(result.faces.size());
    result.faces.rows.insert(result.faces.rows.end(), first.embedding.begin(), first.embedding.end());
    result.faces.quality.push_back(first.norm);
    result.faces.identity.push_back(static_cast<uint32_t>(named ? set.images->label(index) : index));
  };
  embed_pictures(*face.embedder, *set.images, threads, take);
  return result;
}

// The pairs by the rows of their embeddings, without those of images that were skipped.
std::vector<Pair> pairs_of(const CalibrationSet& set, const EmbeddedSet& embedded) {
  std::vector<Pair> pairs;
  for (const Pair& pair : *set.pairs) {
    const int64_t a = embedded.row_of[pair.a], b = embedded.row_of[pair.b];
    if (a >= 0 && b >= 0) pairs.push_back({static_cast<uint32_t>(a), static_cast<uint32_t>(b), pair.same});
  }
  return pairs;
}

fs::path skipped_list(const CalibrateVerb& verb) { return verb.out + ".skipped.jsonl"; }

// Before hours of work, not after.
void check_places(const CalibrateVerb& verb, const fs::path& model) {
  if (!verb.out.empty()) {
    if (lower(fs::path(verb.out).extension().string()) != ".json") {
      throw Error::usage("the file of a calibration ends in .json").file(verb.out);
    }
    for (const fs::path& file : {fs::path(verb.out), skipped_list(verb)}) {
      if (!fs::exists(file) || verb.force) continue;
      throw Error::usage("exists already").file(text_of(file)).hint("--force replaces it");
    }
  }
  if (!verb.write_to_model) return;
  check_can_carry_calibration(model);
  if (!verb.force && find_calibration(model)) {
    throw Error::usage("holds a calibration already").file(text_of(model)).hint("--force replaces it");
  }
}

CalibrateOptions options_of(const CalibrateVerb& verb) {
  return {.fmr = verb.fmr, .fpir = verb.fpir, .gallery_size = verb.gallery_size, .threads = verb.engine.threads};
}

Calibration measure(const CalibrateVerb& verb, const CalibrationSet& set, const EmbeddedSet& embedded) try {
  if (set.pairs) return calibrate_pairs(embedded.faces, pairs_of(set, embedded), options_of(verb));
  std::optional<Progress> progress;
  return calibrate(embedded.faces, options_of(verb), [&](int64_t done, int64_t total) {
    throw_when_stopped();
    if (!progress) progress.emplace("compare " + set.name, total, "images");
    progress->update(done);
  });
} catch (Error& error) {
  throw std::move(error).file(verb.data.path);
}

void tell_skipped(const CalibrateVerb& verb, const std::vector<BadInput>& skipped) {
  if (!skipped.empty()) {
    spdlog::warn("{} images are left out, the first: {}: {}", skipped.size(), skipped.front().name,
                 skipped.front().reason);
  }
  if (verb.out.empty()) return;
  const fs::path file = skipped_list(verb);
  std::string text;
  for (const BadInput& input : skipped) text += to_json_text({{"name", input.name}, {"reason", input.reason}}) + "\n";
  if (!skipped.empty()) {
    write_file(file, text);
  } else if (verb.force) {
    fs::remove(file);
  }
}

// The document is a calibration itself, with what was done beside it.
Json answer(const CalibrateVerb& verb, const Calibration& calibration, const fs::path& model,
            const std::vector<BadInput>& skipped) {
  Json json = to_json(calibration);
  json["out"] = verb.out.empty() ? Json() : Json(verb.out);
  json["written_to_model"] = verb.write_to_model ? Json(text_of(model)) : Json();
  json["skipped"] = Json::array();
  for (const BadInput& input : skipped) json["skipped"].push_back({{"image", input.name}, {"reason", input.reason}});
  return json;
}

}  // namespace

int run_calibrate(const CalibrateVerb& verb, const CommonOptions& common) try {
  catch_stop_signals();
  const fs::path model = find_model(verb.model);
  check_places(verb, model);
  Problems problems;
  const CalibrationSet set = open_set(verb, problems);
  FaceModel face = open_face_model(verb.model, verb.flip, verb.faces, verb.engine);
  EmbeddedSet embedded = embed(face, set, verb.engine.threads);
  std::ranges::copy(problems.told(), std::back_inserter(embedded.skipped));

  Calibration calibration = measure(verb, set, embedded);
  throw_when_stopped();
  calibration.model = face.model.info.identity;
  calibration.architecture = face.model.info.architecture;
  calibration.rule = face.rule;
  calibration.data = set.name;
  tell_skipped(verb, embedded.skipped);
  if (!verb.out.empty()) write_file(verb.out, to_json_text(to_json(calibration), 2) + "\n");
  if (verb.write_to_model) write_into_model(model, calibration);
  std::string text = to_text(calibration);
  if (!verb.out.empty()) text += fmt::format("  written: {}\n", verb.out);
  if (verb.write_to_model) text += fmt::format("  written into {}\n", text_of(model));
  print_answer(common, answer(verb, calibration, model, embedded.skipped), text);
  return embedded.skipped.empty() ? exit_done : exit_skipped;
} catch (const Stopped& stopped) {
  return tell_stopped(stopped, common);
}

}  // namespace facerec
