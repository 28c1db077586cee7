#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/core/progress.h"
#include "facerec/core/text.h"
#include "facerec/data/dataset.h"
#include "facerec/data/pairs.h"
#include "facerec/infer/engine.h"
#include "facerec/recognize/overlap.h"
#include "tools/run/identity_counts.h"
#include "tools/run/lines.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Problems& problems) {
  Json list = Json::array();
  for (const BadInput& problem : problems.list()) list.push_back({{"name", problem.name}, {"reason", problem.reason}});
  return {{"count", problems.count()}, {"list", list}};
}

// ---- Sizes, and decoding

struct Look {
  std::map<std::pair<int, int>, int64_t> sizes;
  int64_t images = 0;
  Problems problems;
};

// Every image decoded, or the headers of a thousand that lie evenly.
Look look_at(const Dataset& data, const InfoVerb& verb) {
  constexpr int64_t sampled = 1000;
  Look look;
  look.images = verb.verify ? data.size() : std::min(data.size(), sampled);
  std::mutex mutex;
  std::map<int64_t, BadInput> bad;  // in the order of the set
  std::atomic<int64_t> done = 0;
  std::optional<Progress> bar;
  if (verb.verify) bar.emplace("verify", look.images, "images");
  parallel_for(look.images, verb.threads, [&](int64_t k) {
    const int64_t i = k * data.size() / look.images;
    std::pair<int, int> size;
    try {
      if (verb.verify) {
        const Image image = load_image(data, i);
        size = {image.width, image.height};
      } else {
        const Sample sample = data.read(i);
        const bool is_pixels = !sample.pixels.rgb.empty();
        const ImageHeader header = is_pixels ? ImageHeader{ImageFormat::png, sample.pixels.width, sample.pixels.height}
                                             : probe_image(sample.encoded);
        size = {header.width, header.height};
      }
    } catch (const Error& error) {
      const std::lock_guard lock(mutex);
      bad[i] = {data.name(i), error.message()};
      return;
    }
    const std::lock_guard lock(mutex);
    ++look.sizes[size];
    if (bar) bar->update(++done);
  });
  for (auto& [i, problem] : bad) look.problems.add(std::move(problem));
  return look;
}

void add_look(const Dataset& data, const InfoVerb& verb, const Problems& opening, Json& json) {
  const Look look = look_at(data, verb);
  std::vector<std::pair<std::pair<int, int>, int64_t>> sizes(look.sizes.begin(), look.sizes.end());
  std::ranges::stable_sort(sizes, std::greater(), [](const auto& size) { return size.second; });
  json["sizes"] = Json::array();
  for (const auto& [size, count] : sizes) {
    json["sizes"].push_back({{"width", size.first}, {"height", size.second}, {"images", count}});
  }
  json["looked_at"] = look.images;
  json["verified"] = verb.verify;
  Problems all;
  for (const Problems* some : {&opening, &look.problems}) {
    for (const BadInput& problem : some->list()) all.add(problem);
  }
  json["problems"] = json_of(all);
  json["problems"]["count"] = opening.count() + look.problems.count();
}

// ---- The kinds

void add_pairs(const PairSet& set, Json& json) {
  const auto same = std::count_if(set.pairs.begin(), set.pairs.end(), [](const Pair& pair) { return pair.same; });
  json["pairs"] = set.pairs.size();
  json["same"] = same;
  json["different"] = static_cast<int64_t>(set.pairs.size()) - same;
  json["missing"] = set.missing;
}

Json evaluation_json(const PairSet& set, const InfoVerb& verb) {
  Json json{{"name", set.name}, {"images", set.images->size()}};
  add_pairs(set, json);
  add_look(*set.images, verb, Problems(), json);
  return json;
}

Json training_json(const InfoVerb& verb, const Dataset& data, const Problems& problems) {
  Json json{
      {"images", data.size()}, {"identities", data.classes()}, {"images_per_identity", images_per_identity(data)}};
  add_look(data, verb, problems, json);
  const fs::path list = pairs_list_in(verb.data.path);
  if (!list.empty()) add_pairs(open_pairs(verb.data.path, list, "pairs", /*skip_missing=*/true), json);
  return json;
}

Json against_json(const InfoVerb& verb, const std::shared_ptr<const Dataset>& data) {
  Json json{{"data", verb.against},
            {"model", nullptr},
            {"near_duplicates", Json::array()},
            {"not_compared", 0},
            {"identities", Json::array()}};
  std::unique_ptr<Engine> engine;
  if (!verb.model.empty()) {
    const fs::path file = find_model(verb.model);
    engine = open_engine(file, {verb.device, "fp32", verb.threads, verb.model_options});
    json["model"] = text_of(file);
  }
  for (const PairSet& set : open_evaluation_sets(verb.against, verb.against_pairs, "", /*skip_missing=*/true)) {
    for (const std::string& name : shared_identities(*data, *set.images)) {
      json["identities"].push_back({{"set", set.name}, {"identity", name}});
    }
    if (!engine) continue;
    OverlapOptions options;
    options.cosine = verb.near_duplicate;
    options.threads = verb.threads;
    Progress bar("compare with " + set.name, data->size(), "images");
    const Overlap overlap =
        near_duplicates(*engine, data, set.images, options, [&](int64_t done) { bar.update(done); });
    json["not_compared"] = json["not_compared"].get<int64_t>() + overlap.not_compared;
    for (const NearDuplicate& found : overlap.near) {
      json["near_duplicates"].push_back({{"set", set.name},
                                         {"image", data->relative_path(found.image)},
                                         {"twin", set.images->name(found.twin)},
                                         {"cosine", found.cosine}});
    }
  }
  return json;
}

// What pack --exclude reads.
void write_exclusions(const Json& against, const fs::path& file) {
  std::string text;
  for (const Json& found : against["identities"]) text += found["identity"].get<std::string>() + "\n";
  for (const Json& found : against["near_duplicates"]) text += found["image"].get<std::string>() + "\n";
  write_file(file, text);
}

// ---- As text

std::string sizes_text(const Json& json) {
  std::string text;
  constexpr size_t shown = 4;
  for (size_t i = 0; i < std::min(shown, json["sizes"].size()); ++i) {
    const Json& size = json["sizes"][i];
    text += fmt::format("{}{}x{}", i == 0 ? "" : ", ", size["width"].dump(), size["height"].dump());
    if (json["sizes"].size() > 1) text += fmt::format(" ({})", with_commas(size["images"]));
  }
  if (json["sizes"].size() > shown) text += fmt::format(", … ({} sizes)", json["sizes"].size());
  if (json["verified"].get<bool>()) return text + "; every image decoded";
  return fmt::format("{}; {} images looked at", text, with_commas(json["looked_at"]));
}

void add_problems_text(const Json& problems, Lines& lines) {
  constexpr size_t shown = 10;
  if (problems["count"] == 0) return;
  lines.add("problems", with_commas(problems["count"]));
  for (size_t i = 0; i < std::min(shown, problems["list"].size()); ++i) {
    const Json& problem = problems["list"][i];
    lines.add("", fmt::format("{}: {}", problem["name"].get<std::string>(), problem["reason"].get<std::string>()));
  }
  if (problems["list"].size() > shown) lines.add("", "… --json lists a thousand");
}

void add_set_text(const Json& json, Lines& lines) {
  lines.add("images", with_commas(json["images"]));
  if (json.contains("identities")) {
    const Json& counts = json["images_per_identity"];
    lines.add("identities", with_commas(json["identities"]));
    lines.add("images of each", counts_text(counts));
  }
  if (json.contains("pairs")) {
    std::string text = fmt::format("{}: {} same, {} different", with_commas(json["pairs"]), with_commas(json["same"]),
                                   with_commas(json["different"]));
    if (json["missing"] != 0) text += fmt::format("; {} more whose images are absent", with_commas(json["missing"]));
    lines.add("pairs", text);
  }
  lines.add("sizes", sizes_text(json));
  add_problems_text(json["problems"], lines);
}

void add_against_text(const Json& against, Lines& lines) {
  constexpr size_t shown = 20;
  const Json &identities = against["identities"], &twins = against["near_duplicates"];
  lines.add("in both",
            fmt::format("{} identities of equal name with {}", identities.size(), against["data"].get<std::string>()));
  for (size_t i = 0; i < std::min(shown, identities.size()); ++i) lines.add("", identities[i]["identity"]);
  if (against["model"].is_null()) {
    lines.add("", "--model FILE compares the images too");
    return;
  }
  lines.add("", fmt::format("{} images nearly equal to one of it", twins.size()));
  if (against["not_compared"] != 0) {
    lines.add("",
              fmt::format("{} images could not be read, and were not compared", with_commas(against["not_compared"])));
  }
  for (size_t i = 0; i < std::min(shown, twins.size()); ++i) {
    lines.add("", fmt::format("{:.3f}  {}  {}", twins[i]["cosine"].get<double>(), twins[i]["image"].get<std::string>(),
                              twins[i]["twin"].get<std::string>()));
  }
  if (std::max(identities.size(), twins.size()) > shown) lines.add("", "… --json and --out list all");
}

std::string text_of_dataset(const Json& json) {
  Lines lines;
  lines.text_ = fmt::format("{}: data set, {}\n", json["path"].get<std::string>(), json["format"].get<std::string>());
  if (!json.contains("sets")) add_set_text(json, lines);
  for (const Json& set : json.value("sets", Json::array())) {
    lines.text_ += fmt::format(" {}\n", set["name"].get<std::string>());
    add_set_text(set, lines);
  }
  if (json.contains("against")) add_against_text(json["against"], lines);
  return lines.text_;
}

int64_t count_problems(const Json& json) {
  int64_t count = json.contains("problems") ? json["problems"]["count"].get<int64_t>() : 0;
  for (const Json& set : json.value("sets", Json::array())) count += set["problems"]["count"].get<int64_t>();
  return count;
}

// A folder that is no set itself may hold several.
std::vector<std::string> sets_of(const fs::path& path, const std::string& format) {
  if (format == "bin" || format == "bcolz" || format == "cfp") return {""};
  if (format != "folder" || !pairs_list_in(path).empty()) return {};
  return evaluation_sets_in(path);
}

}  // namespace

int run_info_dataset(const InfoVerb& verb, const CommonOptions& common) {
  const fs::path path = verb.data.path;
  const std::string format = data_format(path);
  Json json{{"kind", "dataset"}, {"path", text_of(path)}, {"format", format}};
  const std::vector<std::string> paths = sets_of(path, format);
  Problems problems;
  std::shared_ptr<const Dataset> data;
  if (paths.empty() || !verb.against.empty()) {
    data = open_images(training_set_of(verb.data), verb.data.root, problems);
  }
  if (paths.empty()) {
    json.update(training_json(verb, *data, problems));
  } else {
    std::vector<PairSet> sets = open_evaluation_sets(path, "", "", /*skip_missing=*/true);
    if (paths.front().empty() && sets.size() == 1) {
      json.update(evaluation_json(sets.front(), verb));
    } else {
      if (format == "folder") json["format"] = "folder of evaluation sets";
      for (const PairSet& set : sets) json["sets"].push_back(evaluation_json(set, verb));
    }
  }
  bool is_partial = false;
  if (!verb.against.empty()) {
    json["against"] = against_json(verb, data);
    is_partial = json["against"]["not_compared"] != 0;
    if (!verb.out.empty()) write_exclusions(json["against"], verb.out);
  }
  print_answer(common, json, text_of_dataset(json));
  return is_partial || (verb.verify && count_problems(json) > 0) ? exit_skipped : exit_done;
}

}  // namespace facerec
