#include "facerec/recognize/enroll.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "facerec/core/error.h"
#include "facerec/core/progress.h"
#include "facerec/core/stop.h"
#include "facerec/recognize/gallery_model.h"
#include "tools/run/faces.h"
#include "tools/run/lines.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

Json state_of(const Gallery& gallery) {
  return {{"gallery", text_of(gallery.file())},
          {"people", gallery.size()},
          {"images", gallery.images()},
          {"generation", gallery.generation()}};
}

std::string state_text(const Gallery& gallery) {
  return fmt::format("{}: {} people, {} images\n", text_of(gallery.file()), with_commas(gallery.size()),
                     with_commas(gallery.images()));
}

// --- actions that need no model ---

int list_people(const Gallery& gallery, const CommonOptions& common) {
  Json json = state_of(gallery), list = Json::array();
  std::string text;
  for (const Person& person : gallery.people()) {
    list.push_back({{"id", person.id}, {"name", person.name}, {"images", person.images}});
    text += fmt::format("{:>8}  {}\n", with_commas(person.images), person.name);
  }
  json["list"] = std::move(list);
  print_answer(common, json, state_text(gallery) + text);
  return exit_done;
}

int list_images(const Gallery& gallery, const std::string& name, const CommonOptions& common) {
  const Person person = gallery.find_or_throw(name);
  Json json{{"id", person.id}, {"name", person.name}, {"images", Json::array()}};
  std::string text = fmt::format("{}: {} images\n", person.name, person.images);
  gallery.each_image_of(person.id, [&](const StoredImage& image) {
    json["images"].push_back(
        {{"image", image.id}, {"source", image.source}, {"sha256", image.sha256}, {"quality", image.quality}});
    text += fmt::format("{:>8}  quality {:<8.4g} {}\n", image.id, image.quality, image.source);
    return true;
  });
  print_answer(common, json, text);
  return exit_done;
}

int export_all(const Gallery& gallery, const EnrollVerb& verb, const CommonOptions& common) {
  if (fs::exists(verb.export_to) && !verb.force) {
    throw Error::usage("exists already").file(verb.export_to).hint("--force replaces it");
  }
  export_gallery(gallery, verb.export_to);
  Json json = state_of(gallery);
  json["out"] = verb.export_to;
  print_answer(common, json, fmt::format("{}: {} images\n", verb.export_to, with_commas(gallery.images())));
  return exit_done;
}

int change(Gallery& gallery, const EnrollVerb& verb, const CommonOptions& common) {
  gallery.transaction([&] {
    for (const std::string& name : verb.remove) gallery.remove(name);
    for (const int64_t image : verb.remove_images) gallery.remove_image(image);
    if (!verb.rename.empty()) gallery.rename(verb.rename.front(), verb.rename.back(), verb.merge);
  });
  gallery.shrink();
  print_answer(common, state_of(gallery), state_text(gallery));
  return exit_done;
}

// --- enrolling ---

std::vector<EnrollInput> open_inputs(const EnrollVerb& verb, Problems& problems) {
  std::vector<EnrollInput> inputs;
  for (const std::string& path : verb.inputs) {
    const std::string format = data_format(path);
    const bool is_files = format.empty() || format == "folder";
    DataSetOptions set = verb.set;
    set.path = path;
    inputs.push_back(
        {is_files ? open_image_tree(path, set.label, set.where) : open_images(training_set_of(set), set.root, problems),
         verb.name});
  }
  return inputs;
}

// A gallery and what computes for it.
struct Opened {
  Gallery gallery;
  std::unique_ptr<Engine> engine;
};

Opened open_gallery(const EnrollVerb& verb) {
  std::error_code code;
  if (fs::exists(verb.gallery, code) && !fs::is_empty(verb.gallery, code)) {
    Gallery gallery(verb.gallery);
    std::unique_ptr<Engine> engine = open_engine_of(gallery, model_file_of(gallery, verb.model), verb.engine);
    if (!verb.flip.empty()) gallery.check_model(engine->identity(), parse_embedding_rule(verb.flip));
    return {std::move(gallery), std::move(engine)};
  }
  const EmbeddingRule rule = verb.flip.empty() ? EmbeddingRule::no_flip : parse_embedding_rule(verb.flip);
  const fs::path model = find_model(verb.model);
  std::unique_ptr<Engine> engine = open_engine(model, verb.engine);
  Gallery gallery = Gallery::open_or_create(verb.gallery, gallery_model(*engine, model, rule));
  return {std::move(gallery), std::move(engine)};
}

// The first ones; --json lists all.
void warn_of(const std::vector<EnrollNote>& notes, const std::function<std::string(const EnrollNote&)>& line) {
  constexpr size_t told = 20;
  for (size_t i = 0; i < std::min(told, notes.size()); ++i) spdlog::warn("{}", line(notes[i]));
  if (notes.size() > told) spdlog::warn("and {} more such, which --json lists", with_commas(notes.size() - told));
}

Json notes_json(const std::vector<EnrollNote>& notes) {
  Json json = Json::array();
  for (const EnrollNote& note : notes) {
    json.push_back({{"image", note.image}, {"name", note.name}, {"reason", note.reason}});
  }
  return json;
}

void answer(const Gallery& gallery, const EnrollSummary& summary, double seconds, const CommonOptions& common) {
  warn_of(summary.left_out,
          [](const EnrollNote& note) { return fmt::format("left out: {}: {}", note.image, note.reason); });
  warn_of(summary.warnings, [](const EnrollNote& note) {
    return fmt::format("'{}', enrolled from {}: {}", note.name, note.image, note.reason);
  });
  const double speed = static_cast<double>(summary.enrolled) / seconds;
  Json json = state_of(gallery);
  json["looked_at"] = summary.images;
  json["enrolled"] = summary.enrolled;
  json["already_enrolled"] = summary.already;
  json["left_out"] = notes_json(summary.left_out);
  json["warnings"] = notes_json(summary.warnings);
  json["images_per_second"] = speed;
  json["signal"] = summary.signal == 0 ? Json() : Json(summary.signal);
  Lines lines;
  lines.text_ = state_text(gallery);
  lines.add("enrolled", fmt::format("{} images{}", with_commas(summary.enrolled),
                                    summary.enrolled > 0 ? fmt::format(", {:.1f} images/s", speed) : ""));
  if (summary.already > 0) lines.add("already there", with_commas(summary.already));
  if (!summary.left_out.empty()) lines.add("left out", std::to_string(summary.left_out.size()));
  if (!summary.warnings.empty()) lines.add("warnings", std::to_string(summary.warnings.size()));
  if (summary.signal != 0) lines.add("stopped", "by a signal; the same call goes on");
  print_answer(common, json, lines.text_);
}

int enroll_images(const EnrollVerb& verb, const CommonOptions& common) {
  if (verb.inputs.empty()) throw Error::usage("no pictures are named").hint("facerec enroll --help has examples");
  if (!verb.name.empty()) check_person_name(verb.name);
  Problems problems;
  const std::vector<EnrollInput> inputs = open_inputs(verb, problems);
  Opened opened = open_gallery(verb);
  FaceEmbedder embedder(*opened.engine, embedder_options(verb.faces, verb.engine, opened.gallery.model().rule));
  int64_t total = 0;
  for (const EnrollInput& input : inputs) total += input.images->size();
  catch_stop_signals();
  const auto begin = std::chrono::steady_clock::now();
  EnrollSummary summary;
  {
    Progress bar("enroll", total, "images");
    summary = enroll(opened.gallery, embedder, inputs, verb.engine.threads, [&](int64_t done) { bar.update(done); });
  }
  for (const BadInput& bad : problems.told()) summary.left_out.push_back({bad.name, verb.name, bad.reason});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  answer(opened.gallery, summary, seconds, common);
  if (summary.signal != 0) return exit_signal + summary.signal;
  return summary.left_out.empty() ? exit_done : exit_skipped;
}

}  // namespace

int run_enroll(const EnrollVerb& verb, const CommonOptions& common) {
  const bool changes = !verb.remove.empty() || !verb.remove_images.empty() || !verb.rename.empty();
  if (!changes && !verb.list && verb.export_to.empty()) return enroll_images(verb, common);
  if (!verb.inputs.empty()) {
    throw Error::usage("pictures cannot be enrolled by a call that lists, removes, renames or exports")
        .file(verb.inputs.front());
  }
  Gallery gallery(verb.gallery);
  if (changes) return change(gallery, verb, common);
  if (!verb.export_to.empty()) return export_all(gallery, verb, common);
  return verb.name.empty() ? list_people(gallery, common) : list_images(gallery, verb.name, common);
}

}  // namespace facerec
