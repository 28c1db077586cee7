// One model on one data set.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "facerec/core/error.h"
#include "facerec/core/progress.h"
#include "facerec/image/image.h"
#include "tools/run/data_identity.h"
#include "tools/run/evaluation.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

// ---- The images under a variant

PairSet varied(const PairSet& set, const Variant& variant) {
  return variant.condition.side == "first" ? first_degraded(set, variant.degradation)
                                           : degraded(set, variant.degradation);
}

template <class Set>
Set varied(Set set, const Variant& variant) {
  set.images = std::make_shared<DegradedSet>(set.images, variant.degradation);
  return set;
}

bool changes_nothing(const Variant& variant) { return variant.condition.kind.empty() && !variant.degradation.crop; }

EvaluationSet varied(const EvaluationSet& set, const Variant& variant) {
  EvaluationSet result = set;
  if (!changes_nothing(variant)) {
    result.protocol = std::visit(
        [&](const auto& protocol) { return decltype(set.protocol)(varied(protocol, variant)); }, set.protocol);
  }
  return result;
}

// ---- Embeddings

// Throws the Error of the first image that is broken, other than for want of a face.
void check_broken(const EvaluationSet& set, const std::vector<int64_t>& broken) {
  for (const int64_t image : broken) {
    try {
      load_image(*set.images(), image);
    } catch (const NoFace&) {
    }
  }
}

CachedEmbeddings compute(Engine& engine, const EvaluationSet& set, const std::string& title,
                         const EvaluationOptions& options) {
  EmbedOptions embed = options.embed;
  embed.flip = options.verification.rule != EmbeddingRule::no_flip;
  embed.strict = !options.skip_broken && !set.aligned;
  const std::shared_ptr<const Dataset> images = set.images();
  CachedEmbeddings found;
  {
    Progress progress("embed " + title, images->size(), "images");
    found.embeddings = embed_images(engine, images, embed, [&](int64_t done) { progress.update(done); });
  }
  if (!options.skip_broken) check_broken(set, found.embeddings.broken);
  if (set.aligned) found.centred = set.aligned->centred();
  return found;
}

Json made_of(Engine& engine, const EvaluationSet& set, const Variant& variant, const EvaluationOptions& options) {
  const auto& [width, height, bgr, mean, std] = engine.spec().preprocess;
  Json json = options.made_with;
  json["model"] = engine.identity();
  json["preprocess"] = {width, height, bgr, mean, std};  // an ONNX file's identity does not hold it
  json["images"] = set.identity;
  json["detector"] = set.detector_identity;
  json["size"] = set.images()->size();
  json["flip"] = options.verification.rule != EmbeddingRule::no_flip;
  json["degradation"] = describe(variant.degradation);
  json["restored_by"] = variant.degradation.restore ? variant.degradation.restore->identity() : "";
  if (variant.degradation.corruption) json["seed"] = variant.degradation.seed;  // nothing else is random
  json["side"] = variant.condition.side;
  return json;
}

CachedEmbeddings embeddings_of(Engine& engine, const EvaluationSet& set, const Variant& variant,
                               const EvaluationOptions& options) {
  const std::string title = set.name + (variant.condition.name.empty() ? "" : " " + variant.condition.name);
  if (options.cache == nullptr || engine.identity().empty() || set.identity.empty()) {
    return compute(engine, set, title, options);
  }
  const Json key = made_of(engine, set, variant, options);
  if (auto known = options.cache->find(key)) {
    spdlog::debug("{}: embeddings are known", title);
    return *std::move(known);
  }
  CachedEmbeddings found = compute(engine, set, title, options);
  // What could not be read may be there the next time.
  const bool is_whole = found.embeddings.broken.empty() || !options.skip_broken;
  if (is_whole) options.cache->keep(key, found);
  return found;
}

std::vector<uint8_t> flags_of(const std::vector<int64_t>& images, int64_t count) {
  std::vector<uint8_t> flags(images.empty() ? 0 : static_cast<size_t>(count));
  for (const int64_t image : images) flags[static_cast<size_t>(image)] = 1;
  return flags;
}

// [images, dimension] of unit length by the rule; zero where an image failed.
std::vector<float> unit_rows(const Embeddings& embeddings, EmbeddingRule rule, const std::vector<uint8_t>& failed,
                             size_t& dimension) {
  const size_t images = embeddings.images();
  dimension = combined_dimension(embeddings.dimension, rule);
  std::vector<float> rows(images * dimension), row;
  for (size_t i = 0; i < images; ++i) {
    if (!failed.empty() && failed[i] != 0) continue;
    combine_embedding(embeddings, i, rule, true, row);
    std::ranges::copy(row, rows.begin() + static_cast<std::ptrdiff_t>(i * dimension));
  }
  return rows;
}

// ---- Verification

PairSet without_broken(const PairSet& set, const std::vector<int64_t>& broken) {
  const std::set<int64_t> gone(broken.begin(), broken.end());
  PairSet rest = set;
  rest.pairs.clear();
  rest.fold.clear();
  for (size_t i = 0; i < set.pairs.size(); ++i) {
    if (gone.contains(set.pairs[i].a) || gone.contains(set.pairs[i].b)) {
      ++rest.missing;
      continue;
    }
    rest.pairs.push_back(set.pairs[i]);
    rest.fold.push_back(set.fold[i]);
  }
  spdlog::warn("{}: {} images cannot be read, {} pairs are left out", set.name, broken.size(),
               rest.missing - set.missing);
  return rest;
}

// The set's own identities where they agree with its pairs; else none: folders may group images by something else.
std::vector<uint32_t> identities_of(const PairSet& set) {
  std::vector<uint32_t> identity(static_cast<size_t>(set.images->size()));
  for (size_t i = 0; i < identity.size(); ++i) {
    identity[i] = static_cast<uint32_t>(set.images->label(static_cast<int64_t>(i)));
  }
  const bool agrees = std::ranges::all_of(
      set.pairs, [&](const Pair& pair) { return (identity[pair.a] == identity[pair.b]) == pair.same; });
  if (!agrees) identity.clear();
  return identity;
}

// How many people are in more than one fold.
size_t straddling(const PairSet& set, const std::vector<uint16_t>& fold, const std::vector<uint32_t>& identity) {
  std::map<uint32_t, uint16_t> fold_of;
  std::set<uint32_t> several;
  for (size_t i = 0; i < set.pairs.size(); ++i) {
    for (const uint32_t image : {set.pairs[i].a, set.pairs[i].b}) {
      const auto [entry, is_new] = fold_of.try_emplace(identity[image], fold[i]);
      if (!is_new && entry->second != fold[i]) several.insert(identity[image]);
    }
  }
  return several.size();
}

std::vector<std::string> groups_of(const Groups& groups, const Dataset& images) {
  std::vector<std::string> of(static_cast<size_t>(images.size()));
  for (size_t i = 0; i < of.size(); ++i) of[i] = groups.of(images, static_cast<int64_t>(i));
  return of;
}

std::vector<std::byte> picture(const Dataset& images, int64_t index) {
  constexpr int quality = 90;
  Sample sample = images.read(index);
  if (!sample.encoded.empty() && probe_image(sample.encoded).format == ImageFormat::jpeg) return sample.encoded;
  return encode_jpeg(sample.encoded.empty() ? sample.pixels : decode_image(sample.encoded), quality);
}

// The end of a path that a reader knows an image by: folder and file.
std::string short_name(const std::string& name) {
  const fs::path path(name);
  return text_of(path.parent_path().filename() / path.filename());
}

std::vector<WrongPair> wrong_pairs(const PairSet& set, const PairScores& scores, double threshold, size_t most) {
  const WorstPairs worst = worst_pairs(scores, threshold, most);
  std::vector<WrongPair> pairs;
  for (const auto* list : {&worst.false_matches, &worst.false_nonmatches}) {
    for (const size_t i : *list) {
      const auto [a, b, same] = set.pairs[i];
      pairs.push_back({same, scores.cosine[i], short_name(set.images->name(a)), short_name(set.images->name(b)),
                       picture(*set.images, a), picture(*set.images, b)});
    }
  }
  return pairs;
}

void add_notes(const PairSet& set, const std::vector<uint16_t>& fold, const std::vector<uint32_t>& identity,
               VerificationResult& result) {
  if (set.repeated > 0) {
    result.notes.push_back(fmt::format("{} pairs are there more than once: they count as often", set.repeated));
  }
  const auto of_itself = std::ranges::count_if(set.pairs, [](const Pair& pair) { return pair.a == pair.b; });
  if (of_itself > 0) result.notes.push_back(fmt::format("{} pairs are of an image with itself", of_itself));
  if (identity.empty()) return;
  if (const size_t several = straddling(set, fold, identity); several > 0) {
    result.notes.push_back(
        fmt::format("{} people are in more than one fold: thresholds are chosen on people who are tested", several));
  }
}

void evaluate_protocol(const PairSet& whole, const CachedEmbeddings& found, const EvaluationOptions& options,
                       ReportEntry& entry) {
  const std::vector<int64_t>& broken = found.embeddings.broken;
  const PairSet set = options.skip_broken && !broken.empty() ? without_broken(whole, broken) : whole;
  const std::vector<uint8_t> failed =
      options.skip_broken ? std::vector<uint8_t>() : flags_of(broken, set.images->size());
  const std::vector<uint16_t> fold = folds_of(set);
  const std::vector<uint32_t> identity = identities_of(set);
  VerificationOptions verification = options.verification;
  verification.identity = identity;
  const PairScores scores = score_pairs(found.embeddings.view(), set.pairs, verification.rule, failed);
  VerificationResult result = evaluate_verification(scores, set.pairs, fold, verification);
  result.missing_pairs = static_cast<uint64_t>(set.missing);
  add_notes(set, fold, identity, result);
  const double threshold = result.accuracy.mean_threshold_cosine();
  const bool by_cosine = verification.score == PairScore::cosine;
  if (options.groups != nullptr) {
    const auto given = verification.threshold.kind == ThresholdRule::Kind::value
                           ? std::optional(verification.threshold.value)
                           : std::nullopt;
    try {
      entry.groups = evaluate_groups(scores, set.pairs, groups_of(*options.groups, *set.images), given);
    } catch (const Error& error) {  // one set among several may have no groups
      result.notes.push_back("groups: " + error.message());
    }
  }
  if (options.wrong_pairs > 0 && by_cosine && entry.condition.kind.empty()) {
    entry.wrong = wrong_pairs(set, scores, threshold, options.wrong_pairs);
  }
  entry.result = std::move(result);
}

// ---- The other protocols

void evaluate_protocol(const TemplateSet& set, const CachedEmbeddings& found, const EvaluationOptions& options,
                       ReportEntry& entry) {
  PoolOptions pool;
  pool.flip = options.verification.rule != EmbeddingRule::no_flip;
  pool.failed = flags_of(found.embeddings.broken, set.images->size());
  const TemplateFeatures features =
      pool_templates(found.embeddings.view(), set.detector_score, set.template_of, set.medium_of, set.templates, pool);
  TemplateResult result = evaluate_templates(features, set.pairs, options.threads);
  result.images = static_cast<size_t>(set.images->size());
  entry.result = std::move(result);
}

// The rows and identities of some images; with skip_broken without those that could not be read.
struct ListedRows {
  std::vector<float> rows;
  std::vector<int32_t> identity;
  int64_t left_out = 0;
};

ListedRows listed(const SearchSet& set, const std::vector<uint32_t>& images, const std::vector<float>& rows,
                  size_t dimension, const std::set<int64_t>& skipped) {
  ListedRows list;
  for (const uint32_t image : images) {
    if (skipped.contains(image)) {
      ++list.left_out;
      continue;
    }
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(image * dimension);
    list.rows.insert(list.rows.end(), begin, begin + static_cast<std::ptrdiff_t>(dimension));
    list.identity.push_back(set.identity[image]);
  }
  return list;
}

size_t in_both(const SearchSet& set) {
  std::set<std::string> gallery;
  for (const uint32_t image : set.gallery) gallery.insert(set.images->name(image));
  return static_cast<size_t>(
      std::ranges::count_if(set.probes, [&](uint32_t image) { return gallery.contains(set.images->name(image)); }));
}

void evaluate_protocol(const SearchSet& set, const CachedEmbeddings& found, const EvaluationOptions& options,
                       ReportEntry& entry) {
  const std::vector<int64_t>& broken = found.embeddings.broken;
  std::set<int64_t> skipped;
  if (options.skip_broken) skipped.insert(broken.begin(), broken.end());
  size_t dimension = 0;
  const std::vector<float> rows =
      unit_rows(found.embeddings.view(), options.verification.rule, flags_of(broken, set.images->size()), dimension);
  const ListedRows gallery = listed(set, set.gallery, rows, dimension, skipped);
  const ListedRows probes = listed(set, set.probes, rows, dimension, skipped);
  IdentificationOptions identification;
  identification.rank_entries = set.rank_entries;
  identification.threads = options.threads;
  IdentificationResult result = evaluate_identification({gallery.rows, gallery.identity},
                                                        {probes.rows, probes.identity}, dimension, identification);
  if (const int64_t missing = set.missing + gallery.left_out + probes.left_out; missing > 0) {
    result.notes.push_back(
        fmt::format("{} entries of the lists are left out, their images are absent or broken", missing));
  }
  if (const size_t both = in_both(set); both > 0) {
    result.notes.push_back(fmt::format("{} probes are images of the gallery: they find themselves", both));
  }
  entry.result = std::move(result);
}

void evaluate_protocol(const AllPairsSet& set, const CachedEmbeddings& found, const EvaluationOptions& options,
                       ReportEntry& entry) {
  size_t dimension = 0;
  const std::vector<float> rows = unit_rows(found.embeddings.view(), options.verification.rule,
                                            flags_of(found.embeddings.broken, set.images->size()), dimension);
  std::vector<uint32_t> identity(static_cast<size_t>(set.images->size()));
  for (size_t i = 0; i < identity.size(); ++i) {
    identity[i] = static_cast<uint32_t>(set.images->label(static_cast<int64_t>(i)));
  }
  Progress progress("compare " + entry.data, set.images->size(), "images");
  entry.result = evaluate_all_pairs(rows, dimension, identity, options.threads,
                                    [&](int64_t done, int64_t) { progress.update(done); });
}

}  // namespace

ReportEntry evaluate(Engine& engine, const EvaluationSet& set, const Variant& variant,
                     const EvaluationOptions& options) {
  const EvaluationSet used = varied(set, variant);
  const CachedEmbeddings found = embeddings_of(engine, used, variant, options);
  ReportEntry entry;
  entry.data = set.name;
  entry.condition = variant.condition;
  entry.data_identity = data_identity(set);
  if (!found.centred.empty()) {
    spdlog::warn("{}: {} images show no face to align and are cut out of their centre, the first: {}", set.name,
                 found.centred.size(), found.centred.front());
  }
  try {
    std::visit([&](const auto& protocol) { evaluate_protocol(protocol, found, options, entry); }, used.protocol);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", set.name, error.message())).hint(error.hint()).file(error.file());
  }
  if (set.aligned && !options.skip_broken && !found.embeddings.broken.empty()) {
    spdlog::warn("{}: {} images show no face to align: their comparisons never match, the first: {}", set.name,
                 found.embeddings.broken.size(), used.images()->name(found.embeddings.broken.front()));
  }
  if (set.aligned) entry.alignment = AlignmentInfo{set.detector, found.centred.size()};
  return entry;
}

PairScores score_set(Engine& engine, const EvaluationSet& set, const EvaluationOptions& options) {
  const CachedEmbeddings found = embeddings_of(engine, set, {}, options);
  const PairSet& pairs = std::get<PairSet>(set.protocol);
  return score_pairs(found.embeddings.view(), pairs.pairs, options.verification.rule,
                     flags_of(found.embeddings.broken, pairs.images->size()));
}

}  // namespace facerec
