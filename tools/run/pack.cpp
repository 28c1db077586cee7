#include "facerec/data/pack.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "facerec/core/error.h"
#include "facerec/core/progress.h"
#include "facerec/core/stop.h"
#include "tools/run/log.h"
#include "tools/run/run.h"
#include "tools/run/stopped.h"

namespace facerec {
namespace {

// How many pairs --pairs asks to be drawn; nullopt: it names a file, or was not given.
std::optional<int64_t> count_of(const std::string& pairs) {
  int64_t count = 0;
  const auto [end, code] = std::from_chars(pairs.data(), pairs.data() + pairs.size(), count);
  if (pairs.empty() || code != std::errc{} || end != pairs.data() + pairs.size()) return std::nullopt;
  return count;
}

// The evaluation set that is to be packed; nullopt: it is a training set. `excluded` images are not drawn from.
std::optional<PairSet> evaluation_set(const PackVerb& verb, Problems& problems, int64_t& excluded) {
  const PackOptions& options = verb.options;
  const bool to_pairs = options.format == "bin" || options.format == "bcolz";
  if (const std::optional<int64_t> count = count_of(verb.pairs)) {
    std::shared_ptr<const Dataset> images = open_images(training_set_of(verb.input), verb.input.root, problems);
    const int64_t all = images->size();
    if (!options.exclude.empty()) images = exclude(images, options.exclude);
    excluded = all - images->size();
    return draw_pairs(images, *count, options.seed);
  }
  // The bytes of a .bin and of bcolz have no identities: they can become nothing else.
  const fs::path& in = verb.input.path;
  const bool holds_pairs = is_evaluation_set(in), has_list = !pairs_list_in(in).empty();
  const bool may_train = !holds_pairs || (has_list && options.format != "folder");
  if (verb.pairs.empty() && may_train && !(holds_pairs && to_pairs)) {
    if (!to_pairs) return std::nullopt;
    if (fs::is_directory(in) && !evaluation_sets_in(in).empty()) {
      throw Error::usage("holds several evaluation sets").file(text_of(in)).hint("name one of them");
    }
    throw Error::usage("is a training set, and " + options.format + " holds pairs")
        .file(verb.input.path)
        .hint("--pairs 6000 draws so many from it; --pairs FILE names a list");
  }
  if (!to_pairs && options.format != "folder") {
    throw Error::usage("is an evaluation set, which " + options.format + " cannot hold")
        .file(verb.input.path)
        .hint("--to bin, bcolz or folder");
  }
  if (!options.exclude.empty()) throw Error::usage("--exclude is for training sets, and --pairs N");
  check_no_rules(training_set_of(verb.input));
  std::vector<PairSet> sets = open_evaluation_sets(verb.input.path, verb.pairs, "", false);
  if (sets.size() == 1) return std::move(sets.front());
  throw Error::usage(fmt::format("holds {} evaluation sets", sets.size()))
      .file(verb.input.path)
      .hint("name one of them");
}

nlohmann::ordered_json answer(const PackVerb& verb, const PackSummary& summary, double speed) {
  return {{"out", verb.out},
          {"format", verb.options.format},
          {"images", summary.images},
          {"identities", summary.identities},
          {"pairs", summary.pairs},
          {"excluded", summary.excluded},
          {"skipped", summary.skipped_count},
          {"already_there", summary.already_there},
          {"images_per_second", speed},
          {"signal", summary.signal == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(summary.signal)}};
}

void write_skipped(const PackVerb& verb, const PackSummary& summary) {
  const std::string file = verb.out + ".skipped.txt";
  if (summary.skipped.empty()) {
    if (verb.options.force) fs::remove(file);  // that of what was replaced
    return;
  }
  std::string text;
  for (const BadInput& input : summary.skipped) text += input.name + "\t" + input.reason + "\n";
  const int64_t more = summary.skipped_count - static_cast<int64_t>(summary.skipped.size());
  if (more > 0) text += fmt::format("… and {} more\n", more);
  write_file(file, text);
  spdlog::warn("{} images could not be read and are left out, see {}", summary.skipped_count, file);
}

// Whole or absent: a signal ends it with nothing written.
PackSummary pack_evaluation(const PairSet& set, const Problems& problems, const fs::path& out,
                            const PackOptions& options, const PackProgress& progress) {
  PackSummary summary = pack_evaluation_set(set, out, options, [&](int64_t done, int64_t total) {
    throw_when_stopped();
    progress(done, total);
  });
  summary.skipped = problems.list();
  summary.skipped_count = problems.count();
  return summary;
}

}  // namespace

int run_pack(const PackVerb& verb, const CommonOptions& common) {
  catch_stop_signals();
  const auto begin = std::chrono::steady_clock::now();
  std::optional<Progress> bar;
  const PackProgress progress = [&](int64_t done, int64_t total) {
    if (!bar) bar.emplace("pack", total, "images");
    bar->update(done);
  };
  const fs::path out = fs::path(verb.out + "/").lexically_normal().parent_path();  // without a slash at its end
  Problems problems(verb.options.strict);
  int64_t excluded = 0;
  const std::optional<PairSet> pairs = evaluation_set(verb, problems, excluded);
  PackSummary summary;
  try {
    summary = pairs ? pack_evaluation(*pairs, problems, out, verb.options, progress)
                    : pack_training_set(training_set_of(verb.input), verb.input.root, out, verb.options, progress);
  } catch (const Stopped& stopped) {
    return tell_stopped(stopped, common);
  }
  if (pairs) summary.excluded = excluded;
  bar.reset();
  write_skipped(verb, summary);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double speed = static_cast<double>(summary.images) / seconds;
  std::string text = fmt::format("{}: {} images of {} identities", verb.out, summary.images, summary.identities);
  if (pairs) text = fmt::format("{}: {} pairs of {} images", verb.out, summary.pairs, summary.images);
  if (summary.already_there) text = verb.out + ": nothing left to do";
  if (summary.signal != 0) text += "; stopped by a signal, --resume goes on";
  print_answer(common, answer(verb, summary, speed), fmt::format("{}; {:.0f} images/s\n", text, speed));
  if (summary.signal != 0) return exit_signal + summary.signal;
  return summary.skipped_count == 0 ? exit_done : exit_skipped;
}

}  // namespace facerec
