#include "tools/run/eval_sets.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>

#include "facerec/core/error.h"
#include "facerec/data/view.h"
#include "facerec/io/sha256.h"
#include "facerec/recognize/align.h"

namespace facerec {
namespace {

std::string name_of(const NamedPath& data) { return data.name.empty() ? set_name(data.path) : data.name; }

// The list that an option gives this set; "": none.
std::string list_of(const std::vector<NamedPath>& lists, const std::string& name, const EvalVerb& verb) {
  for (const NamedPath& list : lists) {
    if (list.name == name || (list.name.empty() && verb.data.size() == 1)) return list.path;
  }
  return "";
}

// Before anything is opened: a list under a wrong name shows as that, not as images without pairs, and one of two lists
// is not passed over.
void check_lists(const char* option, const std::vector<NamedPath>& lists, const EvalVerb& verb) {
  std::set<std::string> names;
  for (const NamedPath& data : verb.data) names.insert(name_of(data));
  std::set<std::string> listed;
  for (const NamedPath& list : lists) {
    if (verb.protocol == "all_pairs") throw Error::usage(fmt::format("--protocol all_pairs takes no {}", option));
    if (!list.name.empty() ? !names.contains(list.name) : verb.data.size() > 1) {
      const std::string own = list.name.empty() ? "" : fmt::format("{}=", list.name);
      throw Error::usage(fmt::format("{} {}{} belongs to none of the data sets", option, own, list.path))
          .hint(fmt::format("name it: {} NAME=FILE", option));
    }
    const std::string set = list.name.empty() ? name_of(verb.data.front()) : list.name;
    if (!listed.insert(set).second) throw Error::usage(fmt::format("{} is given twice for '{}'", option, set));
  }
}

std::shared_ptr<const Dataset> all_images(const NamedPath& data, bool skip_missing) {
  TrainingSetConfig set;
  set.path = data.path;
  Problems problems(!skip_missing);
  auto images = open_images(set, "", problems);
  if (problems.count() > 0) {
    spdlog::warn("{}: {} images are left out, the first: {}: {}", data.path, problems.count(),
                 problems.list().front().name, problems.list().front().reason);
  }
  return images;
}

std::vector<EvaluationSet> open_data(const EvalVerb& verb, const NamedPath& data) {
  const std::string name = name_of(data);
  std::vector<EvaluationSet> sets;
  const std::string gallery = list_of(verb.gallery, name, verb), probes = list_of(verb.probes, name, verb);
  const std::string pairs = list_of(verb.pairs, name, verb);
  if (!gallery.empty() && !pairs.empty()) {
    throw Error::usage(fmt::format("'{}' has lists of pairs and of a gallery: one of them", name));
  }
  if (gallery.empty() != probes.empty()) {
    throw Error::usage(fmt::format("'{}' has a list of the gallery or of the probes, but not of both", name))
        .hint("give --gallery and --probes");
  }
  if (verb.protocol == "all_pairs") {
    sets.push_back({name, AllPairsSet{all_images(data, verb.skip_missing)}});
  } else if (!gallery.empty()) {
    sets.push_back({name, open_searches(data.path, gallery, probes, name, verb.skip_missing)});
  } else if (pairs.empty() && is_template_set(data.path)) {
    sets.push_back({name, open_template_set(data.path, name)});
  } else if (pairs.empty() && is_search_set(data.path)) {
    sets.push_back({name, open_search_set(data.path, name, verb.skip_missing)});
  } else {
    const PairLabels labels{.one_is_same = verb.one_is_same, .required = verb.predictions.empty()};
    for (PairSet& set : open_pair_sets(data.name, data.path, pairs, verb.skip_missing, labels)) {
      if (set.labelled) check_folds(set, data.path);  // before hours of work, not after
      sets.push_back(evaluation_set(std::move(set)));
    }
  }
  return sets;
}

// ---- --corrupt

int parse_severity(const std::string& text) {
  int severity = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), severity);
  if (code != std::errc{} || end != text.data() + text.size() || severity < 1 || severity > max_severity) {
    throw Error::usage(fmt::format("--corrupt: '{}' is no severity", text))
        .hint(fmt::format("1 to {}, such as 3, 1-5 or 1,3,5", max_severity));
  }
  return severity;
}

// "3", "1-5", "1,3,5".
std::vector<int> parse_severities(const std::string& text) {
  std::vector<int> severities;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const size_t dash = part.find('-');
    const int first = parse_severity(part.substr(0, dash));
    const int last = dash == std::string::npos ? first : parse_severity(part.substr(dash + 1));
    if (first > last) throw Error::usage(fmt::format("--corrupt: the range {} falls", part));
    for (int severity = first; severity <= last; ++severity) severities.push_back(severity);
  }
  if (severities.empty()) throw Error::usage("--corrupt names no severity").hint("such as blur:3 or all:1-5");
  return severities;
}

std::vector<std::string> parse_corruptions(const std::string& text) {
  if (text == "all") return corruption_names();
  std::vector<std::string> names;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) names.push_back(part);
  if (names.empty()) throw Error::usage("--corrupt names no corruption").hint("such as blur,noise or all");
  return names;
}

void add_corruptions(const EvalVerb& verb, const Degradation& base, std::vector<Variant>& variants) {
  const size_t colon = verb.corrupt.find(':');
  const std::string severities =
      colon == std::string::npos ? fmt::format("1-{}", max_severity) : verb.corrupt.substr(colon + 1);
  for (const std::string& name : parse_corruptions(verb.corrupt.substr(0, colon))) {
    const Corruption corruption = corruption_named(name);
    for (const int severity : parse_severities(severities)) {
      Variant variant{.condition = {.name = fmt::format("{} {}", name, severity),
                                    .kind = name,
                                    .severity = static_cast<double>(severity),
                                    .side = "both",
                                    .restored_by = ""},
                      .degradation = base};
      variant.degradation.corruption = corruption;
      variant.degradation.severity = severity;
      variants.push_back(std::move(variant));
    }
  }
}

void add_low_resolutions(const EvalVerb& verb, const Degradation& base, std::vector<Variant>& variants) {
  std::vector<std::shared_ptr<SuperResolver>> networks{nullptr};
  for (const std::string& method : verb.super_resolve) {
    if (method == "bicubic") continue;  // that is always there
    networks.push_back(open_super_resolver(method, {.device = verb.engine.device, .threads = verb.engine.threads}));
  }
  for (const int64_t factor : verb.low_res) {
    for (const auto& network : networks) {
      const std::string by = network ? network->name() : "bicubic";
      Variant variant{
          .condition = {.name = fmt::format("{} ×{}{}", network ? "SR" : "LR", factor, network ? " " + by : ""),
                        .kind = "low_res",
                        .severity = static_cast<double>(factor),
                        .side = verb.low_res_side,
                        .restored_by = by},
          .degradation = base};
      variant.degradation.low_resolution = static_cast<int>(factor);
      variant.degradation.restore = network;
      variants.push_back(std::move(variant));
    }
  }
}

// Both throw for an option that would be ignored in silence.
void check_together(const EvalVerb& verb) {
  struct Rule {
    const char* option;
    bool is_given;
    const char* other;
    bool is_there;
  };
  const Rule rules[] = {{"--no-face", verb.no_face != "count", "--align", !verb.align.empty()},
                        {"--low-res-side", verb.low_res_side != "both", "--low-res", !verb.low_res.empty()},
                        {"--tolerance", verb.tolerance != EvalVerb{}.tolerance, "--baseline", !verb.baseline.empty()}};
  for (const auto& [option, is_given, other, is_there] : rules) {
    if (is_given && !is_there) throw Error::usage(fmt::format("{} is for {}", option, other));
  }
}

void check_applicable(const EvalVerb& verb, const EvaluationSet& set) {
  if (std::holds_alternative<TemplateSet>(set.protocol) && verb.flip == "flip_concat") {
    throw Error::usage(fmt::format("--flip flip_concat is not for templates, which '{}' holds", set.name));
  }
  if (std::holds_alternative<PairSet>(set.protocol)) return;
  const std::pair<const char*, bool> options[] = {{"--low-res-side first", verb.low_res_side == "first"},
                                                  {"--score euclidean", verb.score == "euclidean"},
                                                  {"--threshold", verb.threshold != "kfold"},
                                                  {"--groups", !verb.groups.empty()}};
  for (const auto& [option, is_given] : options) {
    if (is_given) throw Error::usage(fmt::format("{} is for pairs, and '{}' has none", option, set.name));
  }
}

// What a detector computes with: its name and its weights' digests.
std::string detector_identity(const DetectorOptions& options) {
  std::string identity = options.name;
  for (const fs::path& file : detector_files(options)) {
    if (!fs::is_directory(file)) identity += fmt::format(" {}", sha256_of(file));
  }
  return identity;
}

}  // namespace

std::vector<EvaluationSet> open_sets(const EvalVerb& verb) {
  check_together(verb);
  check_lists("--pairs", verb.pairs, verb);
  check_lists("--gallery", verb.gallery, verb);
  check_lists("--probes", verb.probes, verb);
  std::vector<EvaluationSet> sets;
  std::vector<std::string> names;
  for (const NamedPath& data : verb.data) {
    for (EvaluationSet& set : open_data(verb, data)) {
      check_applicable(verb, set);
      names.push_back(set.name);
      sets.push_back(std::move(set));
    }
  }
  check_names(names);
  return sets;
}

void align_sets(std::vector<EvaluationSet>& sets, const EvalVerb& verb, const Preprocess& preprocess) {
  const CropShape shape{preprocess.width, preprocess.height};
  for (EvaluationSet& set : sets) {
    const auto* templates = std::get_if<TemplateSet>(&set.protocol);
    if (templates == nullptr || templates->landmarks.empty()) continue;
    std::vector<Landmarks> landmarks;
    for (const FivePoints& points : templates->landmarks) {
      Landmarks& face = landmarks.emplace_back();
      for (size_t k = 0; k < face.size(); ++k) face[k] = {points[2 * k], points[2 * k + 1]};
    }
    Sha256 digest;
    digest.add(set.identity);
    digest.add(std::as_bytes(std::span(templates->landmarks)));
    set.identity = digest.hex();
    set.set_images(std::make_shared<LandmarkedSet>(set.images(), std::move(landmarks), shape));
  }
  if (verb.align.empty()) return;
  const SelectionOptions selection{.fallback_center = verb.no_face == "center"};
  // A detector a thread of the loader: too many for a GPU.
  const DetectorOptions options = detector_for({.name = verb.align, .device = "cpu"}, selection);
  spdlog::info("faces are detected by {}", options.name);
  open_detector(options);  // before hours of work, not after
  const std::string detector = detector_identity(options);
  for (EvaluationSet& set : sets) {
    if (const auto* templates = std::get_if<TemplateSet>(&set.protocol);
        templates != nullptr && !templates->landmarks.empty()) {
      continue;
    }
    set.detector = options.name;
    set.detector_identity = detector;
    set.aligned =
        std::make_shared<AlignedSet>(set.images(), selection, shape, [options] { return open_detector(options); });
    set.set_images(set.aligned);
  }
}

void prepare_images(std::vector<EvaluationSet>& sets, const std::vector<Variant>& variants, size_t models,
                    const Preprocess& preprocess) {
  constexpr int64_t most_held = 20'000;  // crops of 112×112: 750 MB
  for (EvaluationSet& set : sets) {
    // The factor of --low-res is of what the model sees.
    if (variants.size() > 1 && !set.aligned && !variants.front().degradation.crop) {
      set.set_images(std::make_shared<ResizedSet>(set.images(), preprocess.width, preprocess.height));
    }
    if (variants.size() * models > 1 && set.aligned && set.images()->size() <= most_held) {
      set.set_images(std::make_shared<HeldSet>(set.images()));  // faces are looked for once
    }
  }
}

std::vector<Variant> variants_of(const EvalVerb& verb, const Preprocess& preprocess) {
  if (verb.low_res.empty() && !verb.super_resolve.empty()) {
    throw Error::usage("--super-resolve enlarges images that were made small").hint("give --low-res FACTOR too");
  }
  Degradation base;
  base.seed = static_cast<uint64_t>(verb.seed);
  if (verb.resize_crop > 0) {
    base.crop = Degradation::Crop{static_cast<int>(verb.resize_crop), preprocess.width, preprocess.height};
  }
  std::vector<Variant> variants{{.condition = {}, .degradation = base}};
  add_low_resolutions(verb, base, variants);
  if (!verb.corrupt.empty()) add_corruptions(verb, base, variants);
  std::set<std::string> known;
  std::erase_if(variants,
                [&](const Variant& variant) { return !known.insert(condition_id(variant.condition)).second; });
  return variants;
}

}  // namespace facerec
