#include "facerec/recognize/align.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "facerec/core/error.h"
#include "facerec/core/progress.h"
#include "facerec/core/stop.h"
#include "tools/run/lines.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

// Two whole numbers with `separator` between them.
bool parse_two(const std::string& text, char separator, int& first, int& second) {
  const char *begin = text.data(), *end = begin + text.size();
  const auto [middle, fault] = std::from_chars(begin, end, first);
  if (fault != std::errc{} || middle == end || *middle != separator) return false;
  const auto [last, other_fault] = std::from_chars(middle + 1, end, second);
  return other_fault == std::errc{} && last == end;
}

CropShape parse_size(const std::string& text, double padding) {
  constexpr int smallest = 16, largest = 4096;
  CropShape shape{0, 0, padding};
  if (!parse_two(text, 'x', shape.width, shape.height) && parse_two(text + "x0", 'x', shape.width, shape.height)) {
    shape.height = shape.width;
  }
  if (std::min(shape.width, shape.height) >= smallest && std::max(shape.width, shape.height) <= largest) return shape;
  throw Error::usage(
      fmt::format("--size {}: wanted is WIDTHxHEIGHT or N, of {} to {} pixels", text, smallest, largest));
}

AlignOptions options_of(const AlignVerb& verb) {
  AlignOptions options = verb.options;
  options.crop = parse_size(verb.size, verb.options.crop.padding);
  options.shard = parse_shard(verb.shard);
  options.preview = verb.preview;
  options.selection.faces = parse_face_choice(verb.faces);
  options.selection.fallback_center = !verb.fallback.empty();
  return options;
}

DetectorOptions detector_of(const AlignVerb& verb, const std::string& name) {
  return detector_for({.name = name, .weights = verb.weights, .device = verb.device}, verb.options.selection);
}

struct Outcome {
  AlignSummary summary;
  double images_per_second = 0;
};

// `detector`: "" where landmarks are given.
Outcome align(const AlignVerb& verb, const std::string& detector, const fs::path& out) {
  const auto begin = std::chrono::steady_clock::now();
  AlignOptions options = options_of(verb);
  DetectorFactory open;
  if (!detector.empty()) {
    const DetectorOptions wanted = detector_of(verb, detector);
    options.detector = wanted.name;
    options.weights = detector_files(wanted);
    open = [wanted] { return open_detector(wanted); };
    spdlog::info("faces are detected by {}", wanted.name);
  }
  std::optional<Progress> bar;
  const AlignProgress progress = [&](int64_t done, int64_t total) {
    if (!bar) bar.emplace("align", total, "images");
    bar->update(done);
  };
  const AlignInput input{training_set_of(verb.input), verb.input.root, verb.pairs};
  Outcome outcome{align_images(input, out, options, open, progress)};
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const int64_t images = outcome.summary.counts.images - outcome.summary.done_before;
  outcome.images_per_second = static_cast<double>(images) / seconds;
  return outcome;
}

int exit_code(const AlignSummary& summary) {
  if (summary.signal != 0) return exit_signal + summary.signal;
  const AlignCounts& counts = summary.counts;
  return counts.no_face + counts.failed + summary.left_out == 0 ? exit_done : exit_skipped;
}

// Of what is interrupted only the counts: there is no align.json yet.
Json answer(const Outcome& outcome) {
  const AlignSummary& summary = outcome.summary;
  const AlignCounts& counts = summary.counts;
  Json json{{"images_done", counts.images}, {"crops", counts.crops}};
  if (summary.signal == 0) json = read_align_summary(summary.file);
  json["summary"] = summary.signal == 0 ? Json(text_of(summary.file)) : Json();
  json["already_there"] = summary.already_there;
  json["images_per_second"] = outcome.images_per_second;
  json["signal"] = summary.signal == 0 ? Json() : Json(summary.signal);
  return json;
}

std::string text(const std::string& out, const Outcome& outcome) {
  const AlignSummary& summary = outcome.summary;
  const AlignCounts& counts = summary.counts;
  if (summary.signal != 0) {
    return fmt::format("{}: stopped by a signal after {} images, --resume goes on\n", out, counts.images);
  }
  std::string lines = fmt::format("{}: {} crops of {} images with {} faces; ", out, with_commas(counts.crops),
                                  with_commas(counts.images), with_commas(counts.faces));
  const bool has_worked = counts.images > summary.done_before;
  lines += has_worked ? fmt::format("{:.1f} images/s\n", outcome.images_per_second) : "nothing was left to do\n";
  Lines more;
  const auto add = [&](const std::string& label, int64_t count) {
    if (count > 0) more.add(label, with_commas(count));
  };
  add("from centre", counts.fallback);
  add("no face", counts.no_face);
  add("failed", counts.failed);
  add("left out", summary.left_out);
  add("pairs without", summary.missing_pairs);
  more.add("summary", text_of(summary.file));
  return lines + more.text_;
}

int align_with_each(const AlignVerb& verb, const fs::path& out, const CommonOptions& common) {
  if (verb.options.format != "folder") throw Error::usage("--detector each writes folders, one for each detector");
  if (!verb.weights.empty()) throw Error::usage("--detector each takes the weights at hand, not --weights");
  Json results = Json::array();
  std::string table = fmt::format("{:<20} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "detector", "images", "with face",
                                  "faces", "missed", "images/s");
  int code = exit_done;
  for (const std::string_view name_view : detector_names()) {
    const std::string name(name_view);
    try {
      detector_files(detector_of(verb, name));
    } catch (const Error& absent) {
      spdlog::info("{} is left out: {}", name, absent.what());
      continue;
    }
    AlignVerb own = verb;
    if (!verb.preview.empty()) {
      const fs::path preview = verb.preview;
      own.preview = preview.parent_path() / fmt::format("{}_{}.png", preview.stem().string(), name);
    }
    const Outcome outcome = align(own, name, out.empty() ? out : out / name);
    Json result = answer(outcome);
    result["detector"] = name;
    results.push_back(std::move(result));
    const AlignCounts& counts = outcome.summary.counts;
    table += fmt::format("{:<20} {:>10} {:>10} {:>10} {:>10} {:>10.1f}\n", name, counts.images, counts.aligned,
                         counts.faces, counts.images - counts.aligned, outcome.images_per_second);
    code = std::max(code, exit_code(outcome.summary));
    if (outcome.summary.signal != 0) break;
  }
  if (results.empty()) best_detector();  // throws: it tells how to get one
  print_answer(common, {{"detectors", std::move(results)}}, table);
  return code;
}

}  // namespace

Shard parse_shard(const std::string& text) {
  int index = 0, count = 0;
  if (parse_two(text, '/', index, count)) return {index, count};
  throw Error::usage(fmt::format("--shard {}: wanted is I/N, such as 2/8", text));
}

int run_align(const AlignVerb& verb, const CommonOptions& common) {
  catch_stop_signals();
  const fs::path out = verb.out;
  if (verb.detector == "each" && verb.options.landmarks.empty()) return align_with_each(verb, out, common);
  const Outcome outcome = align(verb, verb.options.landmarks.empty() ? verb.detector : "", out);
  print_answer(common, answer(outcome), text(verb.out, outcome));
  return exit_code(outcome.summary);
}

}  // namespace facerec
