#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "facerec/core/error.h"
#include "facerec/core/progress.h"
#include "facerec/core/stop.h"
#include "facerec/face/published_weights.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

// --- list ---

Json json_of(const PublishedFile& file, const fs::path& store) {
  return {{"file", file.path},
          {"path", text_of(store / file.path)},
          {"at_hand", is_at_hand(file, store)},
          {"bytes", file.bytes == 0 ? Json(nullptr) : Json(file.bytes)},
          {"sha256", file.sha256.empty() ? Json(nullptr) : Json(file.sha256)},
          {"sources", file.sources}};
}

Json list_json(const fs::path& store) {
  Json models = Json::array();
  for (const PublishedWeights& weights : published_weights()) {
    Json files = Json::array();
    for (const PublishedFile& file : weights.files) files.push_back(json_of(file, store));
    models.push_back({{"name", weights.name},
                      {"what", weights.what},
                      {"licence", weights.licence},
                      {"at_hand", is_at_hand(weights)},
                      {"by_hand", weights.by_hand.empty() ? Json(nullptr) : Json(weights.by_hand)},
                      {"files", std::move(files)}});
  }
  return {{"store", text_of(store)}, {"models", std::move(models)}};
}

std::string size_text(const Json& files) {
  uint64_t bytes = 0;
  for (const Json& file : files) {
    if (file["bytes"].is_null()) return "? kB";
    bytes += file["bytes"].get<uint64_t>();
  }
  return fmt::format("{} kB", (bytes + 999) / 1000);
}

// Made from the JSON so that no fact has two sources.
std::string weights_text(const Json& json) {
  std::string text = fmt::format("weights in {}\n", json["store"].get<std::string>());
  for (const Json& weights : json["models"]) {
    text += fmt::format("  {:<20} {:>8}  {:<8} {}\n", weights["name"].get<std::string>(), size_text(weights["files"]),
                        weights["at_hand"].get<bool>() ? "at hand" : "-", weights["what"].get<std::string>());
    const auto more = [&](const std::string& line) { text += fmt::format("{:42}{}\n", "", line); };
    more("licence: " + weights["licence"].get<std::string>());
    for (const Json& file : weights["files"]) more(file["file"]);
    if (!weights["by_hand"].is_null()) more("by hand: " + weights["by_hand"].get<std::string>());
  }
  return text;
}

// --- download ---

std::vector<const PublishedWeights*> chosen(const ModelsVerb& verb) {
  std::vector<const PublishedWeights*> all;
  for (const std::string& name : verb.names) all.push_back(&find_published(name));
  if (verb.all) {
    for (const PublishedWeights& weights : published_weights()) {
      if (weights.by_hand.empty()) all.push_back(&weights);
    }
  }
  if (all.empty()) throw Error::usage("which weights?").hint("name some of `facerec models list`, or --all");
  return all;
}

// A bar for each file.
class DownloadBar {
 public:
  void update(const PublishedFile& file, uint64_t done) {
    if (file_ != &file) {
      bar_.reset();
      bar_.emplace(file.path, static_cast<int64_t>(file.bytes / 1000), "kB");
      file_ = &file;
    }
    bar_->update(static_cast<int64_t>(done / 1000));
  }

 private:
  const PublishedFile* file_ = nullptr;
  std::optional<Progress> bar_;
};

int run_download(const ModelsVerb& verb, const CommonOptions& common) {
  catch_stop_signals();
  DownloadOptions options = verb.options;
  if (options.store.empty()) options.store = weights_store();
  Json json{{"store", text_of(options.store)}, {"files", Json::array()}, {"signal", nullptr}};
  std::string text;
  for (const PublishedWeights* weights : chosen(verb)) {
    DownloadBar bar;
    options.progress = [&](const PublishedFile& file, uint64_t done) { bar.update(file, done); };
    if (!download_weights(*weights, options)) {
      json["signal"] = stop_signal();
      text += "stopped by a signal; the same command goes on\n";
      break;
    }
    for (const PublishedFile& file : weights->files) {
      json["files"].push_back(text_of(options.store / file.path));
      text += text_of(options.store / file.path) + "\n";
    }
  }
  print_answer(common, json, text);
  return json["signal"].is_null() ? exit_done : exit_signal + stop_signal();
}

}  // namespace

int run_models(const ModelsVerb& verb, const CommonOptions& common) {
  if (!verb.list) return run_download(verb, common);
  const Json json = list_json(weights_store());
  print_answer(common, json, weights_text(json));
  return exit_done;
}

}  // namespace facerec
