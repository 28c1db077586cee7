#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/data/attributes.h"
#include "facerec/data/augment_sheet.h"
#include "facerec/data/loader.h"
#include "tools/run/identity_counts.h"
#include "tools/run/lines.h"
#include "tools/run/log.h"
#include "tools/run/named_paths.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

Json sets_json(const TrainingSet& data) {
  Json sets = Json::array();
  for (const Share& share : data.shares) {
    sets.push_back({{"path", share.name}, {"images", share.count}, {"weight", share.weight}});
  }
  return sets;
}

Json sampler_json(const TrainConfig& config, const Sampler& sampler) {
  LoaderOptions options;
  options.batch_size = config.train.batch_size;
  const SamplerConfig& named = config.data.sampler;
  Json json{{"name", named.name},
            {"images", sampler.length()},
            {"batch_size", options.batch_size},
            {"batches", batches_per_epoch(sampler.length(), options)}};
  if (named.name == "pk")
    json.update({{"identities_per_batch", named.identities}, {"images_per_identity", named.images}});
  return json;
}

Json attributes_json(const DataConfig& config, const Dataset& images) {
  Json json = Json::array();
  for (const Attribute& attribute : read_attributes(config, images)) {
    std::vector<int64_t> counts(attribute.values.size() + 1);  // the last: missing
    for (const int64_t label : attribute.labels) ++counts[label < 0 ? counts.size() - 1 : static_cast<size_t>(label)];
    Json values = Json::array();
    for (size_t i = 0; i < attribute.values.size(); ++i) {
      values.push_back({{"value", attribute.values[i]}, {"images", counts[i]}});
    }
    json.push_back({{"name", attribute.name}, {"values", values}, {"missing", counts.back()}});
  }
  return json;
}

// ---- As text

std::string sampler_text(const Json& sampler) {
  std::string text = fmt::format("{}: {} batches of {} an epoch", sampler["name"].get<std::string>(),
                                 with_commas(sampler["batches"]), with_commas(sampler["batch_size"]));
  if (sampler.contains("images_per_identity")) {
    text += fmt::format(", {} identities × {} images", sampler["identities_per_batch"].dump(),
                        sampler["images_per_identity"].dump());
  }
  return text;
}

std::string attribute_text(const Json& attribute) {
  std::vector<std::string> parts;
  for (const Json& each : attribute["values"]) {
    parts.push_back(fmt::format("{} {}", printable(each["value"].get<std::string>()), with_commas(each["images"])));
  }
  if (attribute["missing"] != 0) parts.push_back(fmt::format("missing {}", with_commas(attribute["missing"])));
  return fmt::format("{}: {}", attribute["name"].get<std::string>(), join(parts));
}

std::string text_of_config(const Json& json) {
  Lines lines;
  lines.text_ =
      fmt::format("{}: configuration, task {}\n", json["path"].get<std::string>(), json["task"].get<std::string>());
  for (const Json& set : json["sets"]) {
    const std::string weight = set["weight"] == 1.0 ? "" : fmt::format(", weight {}", set["weight"].dump());
    lines.add("set",
              fmt::format("{}: {} images{}", set["path"].get<std::string>(), with_commas(set["images"]), weight));
  }
  lines.add("images", with_commas(json["images"]));
  if (json.contains("identities")) {
    lines.add("identities", with_commas(json["identities"]));
    lines.add("images of each", counts_text(json["images_per_identity"]));
  }
  if (json["left_out"] != 0) lines.add("left out", with_commas(json["left_out"]));
  lines.add("sampler", sampler_text(json["sampler"]));
  lines.add("input", fmt::format("{}x{}", json["input"][0].dump(), json["input"][1].dump()));
  if (json["augmentation"].empty()) lines.add("augmentation", "none");
  const char* label = "augmentation";
  for (const Json& change : json["augmentation"]) lines.add(std::exchange(label, ""), change);
  label = "attributes";
  for (const Json& attribute : json["attributes"]) lines.add(std::exchange(label, ""), attribute_text(attribute));
  lines.add_unless_null("preview", json["preview"]);
  return lines.text_;
}

void check_preview(const std::string& file, const std::string& task) {
  if (file.empty()) return;
  if (lower(fs::path(file).extension().string()) != ".png") {
    throw Error::usage("--preview writes a PNG file").file(file).hint("--preview sheet.png");
  }
  if (task == "super_resolution") {
    throw Error::usage("--preview shows whole images, and the task super_resolution trains on patches of them");
  }
}

}  // namespace

// Whatever train would refuse of its data is refused here, too.
int run_info_config(const InfoVerb& verb, const CommonOptions& common) {
  TrainConfig config = *verb.config;
  check_preview(verb.preview, config.task);
  take_published_layout(config);
  const auto width = static_cast<int>(config.model.input[0]), height = static_cast<int>(config.model.input[1]);
  const Augment augment(config.data.augment, config.train.low_resolution, width, height);
  const bool has_identities = config.task == "identity";
  const TrainingSet data = has_identities ? open_training_set(config.data) : open_training_images(config.data);
  const auto seed = static_cast<uint64_t>(config.run.seed);
  const auto sampler = make_sampler(config.data.sampler, data, config.train.batch_size, seed);

  Json json{{"kind", "configuration"},
            {"path", verb.data.path},
            {"task", config.task},
            {"sets", sets_json(data)},
            {"images", data.images->size()}};
  if (has_identities) {
    json["identities"] = data.images->classes();
    json["images_per_identity"] = images_per_identity(*data.images);
  }
  json["left_out"] = data.problems.count();
  json["sampler"] = sampler_json(config, *sampler);
  json["input"] = config.model.input;
  json["augmentation"] = augment.words();
  const bool has_attributes = config.task == "attributes" || !config.data.attributes.empty();
  json["attributes"] = has_attributes ? attributes_json(config.data, *data.images) : Json::array();
  json["preview"] = verb.preview.empty() ? Json(nullptr) : Json(verb.preview);
  if (!verb.preview.empty()) {
    const Image sheet = augment_sheet(*data.images, *sampler, augment, seed, augment.words());
    write_file(verb.preview, encode_png(sheet));
  }
  print_answer(common, json, text_of_config(json));
  return exit_done;
}

}  // namespace facerec
