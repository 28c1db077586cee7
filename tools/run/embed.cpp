#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "facerec/core/error.h"
#include "facerec/core/progress.h"
#include "facerec/core/stop.h"
#include "facerec/recognize/embedding_file.h"
#include "tools/run/evaluation.h"
#include "tools/run/lines.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

bool names_selection(const SelectionOptions& selection) {
  const SelectionOptions usual;
  return selection.min_size != usual.min_size || selection.min_score != usual.min_score;
}

EmbedFileOptions options_of(const EmbedVerb& verb) {
  EmbedFileOptions options = verb.options;
  options.rule = parse_embedding_rule(verb.flip);
  options.threads = verb.engine.threads;
  options.shard = parse_shard(verb.shard);
  if (!verb.align.empty()) {
    options.align = verb.alignment;
    options.align->detector.name = verb.align;
    options.align->detector.weights = verb.weights;
    options.align->detector.device = verb.engine.device;
    options.align->selection.fallback_center = !verb.fallback.empty();
  } else if (!verb.fallback.empty() || !verb.weights.empty() || names_selection(verb.alignment.selection)) {
    throw Error::usage("--fallback, --weights, --min-size and --min-score are for --align DETECTOR");
  }
  return options;
}

// Of the images that this call has worked on.
double images_per_second(const EmbedFileSummary& summary, double seconds) {
  const int64_t images = summary.already_there ? 0 : summary.done - summary.done_before;
  return seconds > 0 ? static_cast<double>(images) / seconds : 0;
}

Json answer(const EmbedVerb& verb, const EmbedFileSummary& summary, double seconds) {
  Json files = Json::array();
  for (const fs::path& file : summary.files) files.push_back(text_of(file));
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  return {{"out", verb.out},
          {"images", summary.images},
          {"images_done", summary.done},
          {"rows", summary.rows},
          {"skipped", summary.skipped},
          {"dimension", summary.dimension},
          {"files", std::move(files)},
          {"already_there", summary.already_there},
          {"seconds", seconds},
          {"images_per_second", images_per_second(summary, seconds)},
          {"engine", text_or_null(summary.engine)},
          {"precision", text_or_null(summary.precision)},
          {"flip", verb.flip},
          {"unit_length", !verb.options.raw},
          {"signal", summary.signal == 0 ? Json() : Json(summary.signal)}};
}

std::string text(const EmbedVerb& verb, const EmbedFileSummary& summary, double seconds) {
  if (summary.signal != 0) {
    return fmt::format("{}: stopped by a signal after {} of {} images, --resume goes on\n", verb.out,
                       with_commas(summary.done), with_commas(summary.images));
  }
  std::string text = fmt::format("{}: {} embeddings of {} values", verb.out, with_commas(summary.rows),
                                 with_commas(summary.dimension));
  text += summary.already_there ? "; nothing was left to do\n"
                                : fmt::format("; {:.0f} images/s\n", images_per_second(summary, seconds));
  if (summary.skipped > 0) {
    text += fmt::format("{} images gave none, see {}.skipped.jsonl\n", with_commas(summary.skipped), verb.out);
  }
  return text;
}

}  // namespace

int run_embed(const EmbedVerb& verb, const CommonOptions& common) {
  catch_stop_signals();
  const EmbedFileOptions options = options_of(verb);
  const EmbedInput input{verb.paths, verb.input.root, verb.input.label, verb.input.where, verb.input.columns};
  Problems problems(options.strict);
  const std::shared_ptr<const Dataset> images = open_embed_input(input, problems);
  EngineOptions engine = verb.engine;
  if (engine.precision == "auto") {
    const std::string so_far = precision_so_far(verb.out, options);
    if (!so_far.empty()) {
      engine.precision = so_far;
    } else if (options.shard.count > 1) {
      engine.precision = "fp32";  // each shard would choose by its own images
    }
  }
  const OpenModel model = open_model(verb.model, engine);

  const auto begin = std::chrono::steady_clock::now();
  std::optional<Progress> bar;
  const EmbedProgress progress = [&](int64_t done, int64_t total) {
    if (!bar) bar.emplace("embed", total, "images");
    bar->update(done);
  };
  const EmbedFileSummary summary = embed_to_file(*model.engine, images, problems, input, verb.out, options, progress);
  bar.reset();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  print_answer(common, answer(verb, summary, seconds), text(verb, summary, seconds));
  if (summary.signal != 0) return exit_signal + summary.signal;
  return summary.skipped == 0 ? exit_done : exit_skipped;
}

}  // namespace facerec
