#include "facerec/recognize/identify.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "facerec/core/error.h"
#include "facerec/core/progress.h"
#include "facerec/core/stop.h"
#include "facerec/core/text.h"
#include "facerec/recognize/annotate.h"
#include "facerec/recognize/embedding_file.h"
#include "facerec/recognize/gallery_model.h"
#include "tools/run/decision.h"
#include "tools/run/faces.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

double squared_l2(float cosine) { return 2 - 2 * double{cosine}; }

Json json_of(const Candidate& candidate) {
  return {{"name", candidate.person.name},
          {"person", candidate.person.id},
          {"cosine", candidate.cosine},
          {"squared_l2", squared_l2(candidate.cosine)}};
}

Json json_of(const IdentifiedFace& face, size_t top) {
  Json json = json_of(face.embedded);
  json["known"] = face.known;
  json["name"] = face.known ? Json(face.candidates.front().person.name) : Json();
  json["cosine"] = face.candidates.empty() ? Json() : Json(face.candidates.front().cosine);
  json["squared_l2"] = face.candidates.empty() ? Json() : Json(squared_l2(face.candidates.front().cosine));
  json["margin"] = face.candidates.size() < 2 ? Json() : Json(face.margin());
  json["candidates"] = Json::array();
  for (const Candidate& candidate : std::span(face.candidates).first(std::min(top, face.candidates.size()))) {
    json["candidates"].push_back(json_of(candidate));
  }
  return json;
}

Json json_of(const std::string& name, const IdentifiedPicture& picture, size_t top) {
  Json faces = Json::array();
  for (const IdentifiedFace& face : picture.faces) faces.push_back(json_of(face, top));
  const bool is_read = picture.error.empty();
  return {{"image", name},
          {"width", is_read ? Json(picture.picture.width) : Json()},
          {"height", is_read ? Json(picture.picture.height) : Json()},
          {"found", picture.picture.found},
          {"reason", is_read ? Json(picture.picture.reason) : Json()},
          {"error", is_read ? Json() : Json(picture.error)},
          {"faces", std::move(faces)}};
}

std::string lines_of(const Candidate& candidate) {
  return fmt::format("{} {:.3f}", candidate.person.name, candidate.cosine);
}

std::string lines_of(size_t number, const IdentifiedFace& face, size_t top) {
  const Box& box = face.embedded.detected.box;
  std::string line =
      fmt::format("  {:>2}  {:<24}", number, face.known ? face.candidates.front().person.name : "unknown");
  if (!face.candidates.empty()) {
    const Candidate& best = face.candidates.front();
    line += fmt::format("  cosine {:.3f}  squared L2 {:.3f}", best.cosine, squared_l2(best.cosine));
    if (!face.known) line += fmt::format("  nearest {}", best.person.name);
  }
  if (face.candidates.size() > 1) {
    line += fmt::format("  second {}  margin {:.3f}", lines_of(face.candidates[1]), face.margin());
  }
  if (!face.embedded.crop)
    line += fmt::format("  at {:.0f},{:.0f} {:.0f}x{:.0f}", box.x1, box.y1, box.width(), box.height());
  line += "\n";
  for (size_t i = 0; top > 1 && i < std::min(top, face.candidates.size()); ++i) {
    line += fmt::format("        {:>3}. {}\n", i + 1, lines_of(face.candidates[i]));
  }
  return line;
}

std::string lines_of(const std::string& name, const IdentifiedPicture& picture, size_t top) {
  if (!picture.error.empty()) return fmt::format("{}: cannot be read: {}\n", name, picture.error);
  if (picture.faces.empty()) return fmt::format("{}: no face ({})\n", name, picture.picture.reason);
  std::string text = name + "\n";
  for (size_t i = 0; i < picture.faces.size(); ++i) text += lines_of(i + 1, picture.faces[i], top);
  return text;
}

// One person is in a photograph once: a second face of that name is at least one mistake.
void warn_of_doubles(const std::string& name, const IdentifiedPicture& picture) {
  std::set<int64_t> seen;
  for (const IdentifiedFace& face : picture.faces) {
    if (face.known && !seen.insert(face.candidates.front().person.id).second) {
      spdlog::warn("{}: more than one face is named {}", name, face.candidates.front().person.name);
    }
  }
}

// What all pictures are below: the folder that was given, else the longest folder that they share.
fs::path common_folder(const IdentifyVerb& verb, const Dataset& pictures) {
  if (verb.in.size() == 1 && fs::is_directory(verb.in.front())) return fs::absolute(verb.in.front()).lexically_normal();
  fs::path common = fs::absolute(pictures.name(0)).lexically_normal().parent_path();
  for (int64_t i = 1; i < pictures.size(); ++i) {
    const fs::path folder = fs::absolute(pictures.name(i)).lexically_normal().parent_path();
    const auto [end, other] = std::mismatch(common.begin(), common.end(), folder.begin(), folder.end());
    if (end == common.end()) continue;
    fs::path shared;
    for (auto part = common.begin(); part != end; ++part) shared /= *part;
    common = shared;
  }
  return common;
}

// Pictures with boxes and names: one file, or one for each picture in a folder.
class Annotations {
 public:
  Annotations(const IdentifyVerb& verb, const Dataset& pictures) : pictures_(pictures), out_(verb.annotate) {
    if (out_.empty()) return;
    const std::string ending = lower(out_.extension().string());
    is_file_ = ending == ".png" || ending == ".jpg" || ending == ".jpeg";
    if (is_file_ && pictures.size() > 1) {
      throw Error::usage(fmt::format("{} pictures do not go into one file", pictures.size()))
          .file(verb.annotate)
          .hint("name a folder");
    }
    if (!is_file_ && !fs::is_directory(out_) && out_.has_extension()) {
      throw Error::usage("pictures are written as .png or .jpg").file(verb.annotate);
    }
    if (!verb.force && (is_file_ ? fs::exists(out_) : fs::is_directory(out_) && !fs::is_empty(out_))) {
      throw Error::usage("is there already").file(verb.annotate).hint("--force replaces what it writes");
    }
    if (!is_file_) below_ = common_folder(verb, pictures);
  }

  void add(int64_t index, const IdentifiedPicture& identified, Image& picture) {
    if (out_.empty() || picture.rgb.empty()) return;
    std::vector<FaceTag> tags;
    for (const IdentifiedFace& face : identified.faces) {
      FaceTag tag{.box = face.embedded.detected.box, .text = "unknown", .known = face.known};
      if (face.known) {
        tag.text = fmt::format("{} {:.2f}", face.candidates.front().person.name, face.candidates.front().cosine);
      }
      tags.push_back(std::move(tag));
    }
    for (std::string& script : annotate(picture, tags)) missing_.insert(std::move(script));
    const fs::path file = is_file_ ? out_ : place_of(index);
    make_folder(fs::absolute(file).parent_path());
    const bool is_png = lower(file.extension().string()) == ".png";
    write_file(file, is_png ? encode_png(picture) : encode_jpeg(picture, 95));
  }

  void warn() const {
    for (const std::string& script : missing_) {
      spdlog::warn(
          "no font of this machine writes {} letters: boxes stand for them in {}; Debian's fonts-noto-core and "
          "fonts-noto-cjk have nearly every script",
          script, text_of(out_));
    }
  }

 private:
  fs::path place_of(int64_t index) const {
    fs::path place = out_ / fs::absolute(pictures_.name(index)).lexically_normal().lexically_relative(below_);
    return place += ".png";
  }

  const Dataset& pictures_;
  fs::path out_, below_;
  bool is_file_ = false;
  std::set<std::string> missing_;
};

// What the index misses, measured; nullopt: there is no index to search by.
std::optional<IndexRecall> recall_of(const IdentifyVerb& verb, const Gallery& gallery) {
  if (verb.index == "exact" || gallery.size() == 0) return std::nullopt;
  constexpr int64_t queries = 256, best = 10;
  const IndexRecall recall = gallery.index_recall(queries, best, verb.engine.threads);
  spdlog::info(
      "recall of the index: it finds the nearest person for {:.1f} % of {} queries, {:.1f} % of the {} nearest",
      100 * recall.at_1, recall.queries, 100 * recall.at_k, recall.k);
  return recall;
}

Json json_of(const std::optional<IndexRecall>& recall) {
  if (!recall) return nullptr;
  return {{"queries", recall->queries},
          {"k", recall->k},
          {"probes", recall->probes},
          {"at_1", recall->at_1},
          {"at_k", recall->at_k},
          {"exact_seconds", recall->exact_seconds},
          {"index_seconds", recall->index_seconds}};
}

IdentifiedPicture unread(const std::string& reason) {
  IdentifiedPicture picture;
  picture.error = reason;
  return picture;
}

ModelInfo info_of(const fs::path& file, const GalleryModel& model) {
  return {.path = text_of(file), .architecture = model.architecture, .identity = model.identity, .label = ""};
}

struct Counts {
  int64_t images = 0, skipped = 0, faces = 0, known = 0;

  void add(const IdentifiedPicture& picture) {
    ++images;
    skipped += !picture.error.empty();
    faces += static_cast<int64_t>(picture.faces.size());
    known += std::count_if(picture.faces.begin(), picture.faces.end(), [](const auto& face) { return face.known; });
  }
};

Json json_of(const Counts& counts) {
  return {{"images", counts.images},
          {"skipped", counts.skipped},
          {"faces", counts.faces},
          {"known", counts.known},
          {"unknown", counts.faces - counts.known}};
}

}  // namespace

int run_identify(const IdentifyVerb& verb, const CommonOptions& common) {
  catch_stop_signals();
  Problems problems;  // of lists and records: pictures that cannot even be opened
  const std::shared_ptr<const Dataset> pictures = open_embed_input({.paths = verb.in}, problems);
  Annotations annotations(verb, *pictures);
  const Gallery gallery(verb.gallery);
  const GalleryModel& model = gallery.model();
  const fs::path model_file = model_file_of(gallery, verb.model);
  const std::unique_ptr<Engine> engine = open_engine_of(gallery, model_file, verb.engine);
  const Decision decision = decision_for(verb, info_of(model_file, model), model.rule, gallery.size());
  spdlog::info("faces are named from a cosine of {:.3f} on: {}", decision.threshold.cosine, origin_text(decision));

  FaceEmbedder embedder(*engine, embedder_options(verb.faces, verb.engine, model.rule));
  const std::optional<IndexRecall> recall = recall_of(verb, gallery);
  const GallerySearch search = [&](std::span<const float> queries, int64_t n, int64_t k) {
    return recall ? gallery.search_people_by_index(queries, n, k, verb.engine.threads)
                  : gallery.search_people(queries, n, k, verb.engine.threads);
  };
  Identifier identifier(embedder, search, decision.threshold.cosine, std::max<int64_t>(2, verb.top));
  const auto top = static_cast<size_t>(verb.top);
  Json answers = Json::array();
  Counts counts;
  Progress bar("identify", pictures->size(), "images");
  const auto tell = [&](const std::string& path, const IdentifiedPicture& identified) {
    const std::string name = printable(path, longest_path);
    counts.add(identified);
    warn_of_doubles(name, identified);
    if (common.json) {
      answers.push_back(json_of(name, identified, top));
    } else {
      print_answer(common, {}, lines_of(name, identified, top));
    }
  };
  for (const BadInput& problem : problems.told()) tell(problem.name, unread(problem.reason));
  identifier.identify(*pictures, verb.engine.threads,
                      [&](int64_t index, const IdentifiedPicture& identified, Image& picture) {
                        tell(pictures->name(index), identified);
                        annotations.add(index, identified, picture);
                        bar.update(index + 1);
                        return stop_signal() == 0;
                      });
  annotations.warn();
  if (common.json) {
    print_answer(common,
                 {{"schema", 1},
                  {"gallery", {{"path", verb.gallery}, {"people", gallery.size()}, {"model", model.identity}}},
                  {"threshold", to_json(decision)},
                  {"recall", json_of(recall)},
                  {"counts", json_of(counts)},
                  {"images", std::move(answers)}},
                 "");
  }
  if (stop_signal() != 0) return exit_signal + stop_signal();
  return counts.skipped > 0 ? exit_skipped : exit_done;
}

}  // namespace facerec
