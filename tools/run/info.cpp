#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/data/dataset.h"
#include "facerec/gallery/gallery.h"
#include "facerec/infer/engine.h"
#include "facerec/model/backbone.h"
#include "facerec/model/onnx.h"
#include "facerec/model/preprocess.h"
#include "facerec/model/weights.h"
#include "facerec/train/run_folder.h"
#include "tools/run/lines.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Preprocess& preprocess) {
  return {{"width", preprocess.width}, {"height", preprocess.height}, {"channel_order", preprocess.bgr ? "bgr" : "rgb"},
          {"mean", preprocess.mean},   {"std", preprocess.std},       {"formula", preprocess_formula(preprocess)}};
}

Json json_of(const NetworkDifference& difference) {
  return {{"architecture", difference.architecture},
          {"matching", difference.matching},
          {"missing", difference.missing},
          {"unexpected", difference.unexpected},
          {"other_shape", difference.reshaped}};
}

// Empty texts are absent facts.
Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

void add_model(const Recognition& model, int64_t parameters, const std::string& identity, Json& json) {
  json["architecture"] = model.spec.architecture;
  json["publisher"] = text_or_null(model.publisher);
  json["reason"] = model.reason;
  json["parameters"] = parameters;
  json["embedding_size"] = model.spec.embedding_size;
  json["preprocessing"] = json_of(model.spec.preprocess);
  json["flip"] = model.flip;
  json["output"] = model.spec.unit_length ? "unit" : "raw";
  json["terms"] = text_or_null(model.terms);
  json["identity"] = identity;
  json["left_out"] = model.left_out;
  json["warnings"] = model.warnings;
}

Json groups_of(const TensorFile& file, bool list) {
  Json groups = Json::array();
  for (const TensorGroup& group : file.groups) {
    Json json{{"path", group.path}, {"tensors", group.tensors.size()}};
    for (const auto& [name, view] : group.tensors) {
      if (list) json["list"].push_back({{"name", name}, {"dtype", view.dtype}, {"shape", view.shape}});
    }
    groups.push_back(std::move(json));
  }
  return groups;
}

Json file_json(const fs::path& path, const TensorFile& file, bool list) {
  return {{"kind", "checkpoint"},      {"path", text_of(path)},
          {"format", file.format},     {"bytes", fs::file_size(file.path)},
          {"metadata", file.metadata}, {"groups", groups_of(file, list)},
          {"architecture", nullptr}};
}

Json tensors_json(const fs::path& path, const InfoVerb& verb) {
  const TensorFile file = open_tensor_file(path);
  Json json = file_json(path, file, verb.tensors);
  const Finding finding = examine(file, verb.model_options);
  if (finding.model) {
    const std::shared_ptr<Backbone> backbone = load_backbone(*finding.model);
    add_model(*finding.model, count_parameters(*backbone), model_identity(*backbone), json);
  } else {
    json["nearest"] = Json::array();
    for (const NetworkDifference& each : finding.nearest) json["nearest"].push_back(json_of(each));
  }
  return json;
}

Json values_json(const std::vector<OnnxValue>& values) {
  Json json = Json::array();
  for (const OnnxValue& value : values) {
    json.push_back({{"name", value.name}, {"dtype", value.dtype}, {"shape", value.shape}});
  }
  return json;
}

int64_t count_weights(const OnnxFile& file) {
  int64_t count = 0;
  for (const auto& [name, view] : file.initializers) {
    if (view.dtype.starts_with("F")) count += static_cast<int64_t>(view.bytes.size() / dtype_size(view.dtype));
  }
  return count;
}

Json onnx_json(const fs::path& path, const InfoVerb& verb) {
  const OnnxFile file = open_onnx(path);
  const TensorFile tensors{path, "onnx", {{"", file.initializers}}, file.metadata, nullptr};
  Json json = file_json(path, tensors, verb.tensors);
  try {
    const Recognition model = recognise_onnx(file, verb.model_options);
    const bool known = model.spec.architecture != "onnx";
    add_model(model, known ? count_parameters(model.spec) : count_weights(file), onnx_identity(path), json);
  } catch (const Error& error) {
    if (error.kind() == Error::Kind::usage) throw;
    json["nearest"] = Json::array();
    json["reason"] = error.message();
  }
  json["opset"] = file.opset;
  json["producer"] = file.producer;
  json["inputs"] = values_json(file.inputs);
  json["outputs"] = values_json(file.outputs);
  return json;
}

Json checkpoint_json(const fs::path& path, const InfoVerb& verb) {
  return is_onnx(path) ? onnx_json(path, verb) : tensors_json(path, verb);
}

// --- text, made from the JSON so that no fact has two sources ---

std::string shortened(const std::string& text) {
  constexpr size_t longest = 100;
  return text.size() <= longest ? text : fmt::format("{} …", text.substr(0, longest));
}

std::string names_text(const Json& names) {
  constexpr size_t shown = 4;
  std::vector<std::string> some;
  for (size_t i = 0; i < std::min(shown, names.size()); ++i) some.push_back(names[i]);
  if (names.size() > shown) some.push_back(fmt::format("… ({} in all)", names.size()));
  return join(some);
}

void add_model_text(const Json& json, Lines& lines) {
  lines.add("architecture", json["architecture"]);
  lines.add_unless_null("published by", json["publisher"]);
  lines.add("because", json["reason"]);
  lines.add("parameters", with_commas(json["parameters"]));
  lines.add("embedding", fmt::format("{} values{}", json["embedding_size"].get<int64_t>(),
                                     json["output"] == "unit" ? ", brought to length 1 by the network itself" : ""));
  lines.add("preprocessing", json["preprocessing"]["formula"]);
  lines.add("flip", json["flip"] == "flip_sum"
                        ? "flip_sum"
                        : fmt::format("{}, as its publisher evaluates: eval --flip {}", json["flip"].get<std::string>(),
                                      json["flip"].get<std::string>()));
  lines.add_unless_null("terms", json["terms"]);
  lines.add("identity", json["identity"]);
  if (!json["left_out"].empty()) lines.add("left out", names_text(json["left_out"]));
  for (const Json& warning : json["warnings"]) lines.add("warning", warning);
}

void add_nearest_text(const Json& json, Lines& lines) {
  lines.add("architecture", "none that facerec knows");
  if (json.contains("reason")) lines.add("because", json["reason"]);
  for (const Json& each : json["nearest"]) {
    lines.add("nearest", fmt::format("{}: {} tensors match", each["architecture"].get<std::string>(),
                                     each["matching"].get<size_t>()));
    for (const auto& [label, key] : {std::pair("  missing", "missing"), std::pair("  unexpected", "unexpected"),
                                     std::pair("  other shape", "other_shape")}) {
      if (!each[key].empty()) lines.add(label, names_text(each[key]));
    }
  }
}

void add_tensors_text(const Json& json, Lines& lines) {
  constexpr size_t shown = 4;
  const Json& groups = json["groups"];
  for (size_t i = 0; i < groups.size(); ++i) {
    const Json& group = groups[i];
    if (i == shown && !group.contains("list")) {
      lines.add("tensors", fmt::format("… and those of {} more dictionaries", groups.size() - shown));
      break;
    }
    const std::string path = group["path"];
    lines.add("tensors", fmt::format("{}{}", group["tensors"].get<size_t>(),
                                     path.empty() ? path : fmt::format(" under '{}'", path)));
    if (!group.contains("list")) continue;
    for (const Json& tensor : group["list"]) {
      lines.text_ += fmt::format("    {:<56} {:<5} {}\n", tensor["name"].get<std::string>(),
                                 tensor["dtype"].get<std::string>(), tensor["shape"].dump());
    }
  }
}

std::string checkpoint_text(const Json& json) {
  Lines lines;
  lines.text_ = fmt::format("{}: checkpoint, {}, {} bytes\n", json["path"].get<std::string>(),
                            json["format"].get<std::string>(), with_commas(json["bytes"]));
  json["architecture"].is_null() ? add_nearest_text(json, lines) : add_model_text(json, lines);
  for (const char* side : {"inputs", "outputs"}) {
    for (const Json& value : json.value(side, Json::array())) {
      lines.add(side, fmt::format("{} {}", value["name"].get<std::string>(), value["shape"].dump()));
    }
  }
  add_tensors_text(json, lines);
  const Json& groups = json["groups"];
  if (json["architecture"].is_null() && !groups.empty() && !groups[0].contains("list")) {
    lines.add("", "--tensors lists their names and shapes");
  }
  for (const auto& [key, value] : json["metadata"].items()) {
    lines.add("metadata", fmt::format("{}: {}", key, shortened(value.get<std::string>())));
  }
  return lines.text_;
}

// --- folders ---

Json run_json(const fs::path& run, const fs::path& model, const InfoVerb& verb) {
  Json json = checkpoint_json(model, verb);
  json["kind"] = "run";
  json["run"] = text_of(run);
  json["checkpoints"] = Json::array();
  for (const CheckpointFolder& checkpoint : find_checkpoints(run)) json["checkpoints"].push_back(checkpoint.step);
  return json;
}

std::string run_text(const Json& json) {
  std::string steps;
  for (const Json& step : json["checkpoints"]) steps += fmt::format("{}{}", steps.empty() ? "" : ", ", step.dump());
  return fmt::format("{}: run; checkpoints at steps {}\n", json["run"].get<std::string>(),
                     steps.empty() ? "none" : steps) +
         checkpoint_text(json);
}

}  // namespace

int run_info(const InfoVerb& verb, const CommonOptions& common) {
  const fs::path path = verb.data.path;
  const bool is_of_data = !verb.against.empty() || verb.verify;
  if (is_of_data && (verb.config || is_gallery(path))) {
    throw Error::usage("--verify and --against are for data sets").file(path);
  }
  if (verb.config) return run_info_config(verb, common);
  if (verb.against.empty()) {
    for (const auto& [option, value] : {std::pair("--out", verb.out), std::pair("--model", verb.model),
                                        std::pair("--against-pairs", verb.against_pairs)}) {
      if (!value.empty()) throw Error::usage(fmt::format("{} is for --against", option)).hint("--against SET");
    }
  }
  std::error_code code;
  const bool is_folder = fs::is_directory(path, code);
  if (is_gallery(path)) return run_info_gallery(path, common);
  // A folder of images has no mark of its own: it is what no run is.
  const bool is_data = !data_format(path).empty() && !(is_folder && !model_in(path).empty());
  if (is_data) return run_info_dataset(verb, common);
  if (is_of_data) throw Error::usage("--verify and --against are for data sets").file(verb.data.path);
  const fs::path model = is_folder ? model_in(path) : find_model(path);
  if (model.empty()) throw Error::usage("holds neither a data set nor a model").file(text_of(path));
  if (is_folder && !find_checkpoints(path).empty()) {
    const Json json = run_json(path, model, verb);
    print_answer(common, json, run_text(json));
  } else {
    const Json json = checkpoint_json(model, verb);
    print_answer(common, json, checkpoint_text(json));
  }
  return exit_done;
}

}  // namespace facerec
