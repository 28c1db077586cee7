#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "facerec/gallery/gallery.h"
#include "tools/run/lines.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {

int run_info_gallery(const fs::path& path, const CommonOptions& common) {
  const Gallery gallery(path);
  const GalleryModel& model = gallery.model();
  const nlohmann::ordered_json json{{"kind", "gallery"},
                                    {"path", text_of(path)},
                                    {"bytes", fs::file_size(path)},
                                    {"people", gallery.size()},
                                    {"images", gallery.images()},
                                    {"generation", gallery.generation()},
                                    {"architecture", model.architecture},
                                    {"embedding_size", model.dimension},
                                    {"flip", to_string(model.rule)},
                                    {"model", model.path},
                                    {"identity", model.identity}};
  Lines lines;
  lines.text_ = fmt::format("{}: gallery, {} bytes\n", text_of(path), with_commas(json["bytes"]));
  lines.add("people", with_commas(json["people"]));
  lines.add("images", with_commas(json["images"]));
  lines.add("generation", with_commas(json["generation"]));
  lines.add("architecture", json["architecture"]);
  lines.add("embedding", fmt::format("{} values, {}", model.dimension, to_string(model.rule)));
  lines.add("model", json["model"]);
  lines.add("identity", json["identity"]);
  print_answer(common, json, lines.text_);
  return exit_done;
}

}  // namespace facerec
