#include "recognize/embed_job.h"

#include <algorithm>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "recognize/same_job.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* state_file = "state.json";
constexpr const char* summary_suffix = ".json";

EmbedState load_state(const fs::path& file) try {
  const Json json = Json::parse(read_text(file));
  EmbedState state;
  state.job = json.at("job");
  state.earlier_calls = json.at("earlier_calls");
  state.computed_by = json.at("computed_by");
  state.earlier_rows = json.at("earlier_rows");
  state.done = json.at("done");
  state.rows = json.at("rows");
  state.skipped = json.at("skipped");
  state.sizes = json.at("sizes").get<std::vector<uint64_t>>();
  state.finished = json.at("finished");
  return state;
} catch (const nlohmann::json::exception&) {
  throw Error::usage("does not tell where the work stands").file(text_of(file)).hint("--force begins anew");
}

Json load_summary(const fs::path& file) {
  Json json = Json::parse(read_text(file), nullptr, false);
  const bool is_whole = json.is_object() && json.contains("embedding") && json.contains("calls") &&
                        json["calls"].is_array() && !json["calls"].empty() && json.contains("rows");
  if (is_whole) return json;
  throw Error::usage("is not a summary that facerec embed has written").file(text_of(file)).hint("--force replaces it");
}

}  // namespace

std::string precision_so_far(const fs::path& out, const EmbedFileOptions& options) {
  const fs::path begun = fs::path(out.string() + ".embed") / state_file, summary = out.string() + summary_suffix;
  Json computed_by;
  if (options.resume && fs::exists(begun)) {
    computed_by = load_state(begun).computed_by;
  } else if (options.append && fs::exists(summary)) {
    computed_by = load_summary(summary).value("computed_by", Json());
  }
  return computed_by.is_object() ? computed_by.value("precision", "") : "";
}

std::string EmbedDescription::text() const {
  Json all = embedding;
  all.update(call);
  return to_json_text(all);
}

EmbedJob::EmbedJob(const fs::path& out, const EmbeddingShape& shape, const EmbedFileOptions& options,
                   const EmbedDescription& description)
    : out_(out), folder_(out.string() + ".embed"), shape_(shape), description_(description) {
  if (fs::is_directory(out_)) throw Error::usage("is a folder, and a file is to be written").file(text_of(out_));
  if (!options.force && !is_begun() && !is_finished()) check_free();
  make_folder(folder_);
  lock_ = std::make_unique<FolderLock>(folder_);
  check_folder();
  state.job = description_.text();
  try {
    if (options.force) {
      fs::remove(folder_ / state_file);
    } else if (is_begun()) {
      take_up(options);
    } else if (is_finished()) {
      take_up_finished(options);
    }
  } catch (...) {
    remove_folder();
    throw;
  }
}

EmbedJob::~EmbedJob() { remove_folder(); }

// Unless something is begun that can be gone on with, or somebody keeps files of his own there.
void EmbedJob::remove_folder() const {
  if (is_begun()) return;
  std::error_code code;
  for (const fs::path& file : parts()) fs::remove(file, code);
  remove_temporaries_of(folder_ / state_file);
  fs::remove(folder_, code);
}

std::vector<fs::path> EmbedJob::parts() const {
  std::vector<std::string> suffixes = embedding_suffixes(shape_.format);
  suffixes.insert(suffixes.end(), {waiting_norms_suffix, skipped_suffix});
  std::vector<fs::path> parts;
  for (const std::string& suffix : suffixes) parts.emplace_back(growing().string() + suffix + ".part");
  return parts;
}

// A call that was killed before its first save() has left parts without a state.
void EmbedJob::check_folder() const {
  if (is_begun()) return;
  remove_temporaries_of(folder_ / state_file);
  const std::vector<fs::path> ours = parts();
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (std::ranges::find(ours, entry.path()) != ours.end()) continue;
    throw Error::usage("is needed while the work is under way, and holds files of others")
        .file(text_of(folder_))
        .hint("move it away, or choose another --out");
  }
}

fs::path EmbedJob::beside(const std::string& suffix) const { return out_.string() + suffix; }
fs::path EmbedJob::growing() const { return folder_ / out_.filename(); }
fs::path EmbedJob::skipped() const { return growing().string() + skipped_suffix; }

bool EmbedJob::is_begun() const { return fs::exists(folder_ / state_file); }
bool EmbedJob::is_finished() const { return fs::exists(beside(summary_suffix)) && fs::exists(out_); }

void EmbedJob::check_free() const {
  std::vector<std::string> suffixes = embedding_suffixes(shape_.format);
  suffixes.insert(suffixes.end(), {skipped_suffix, summary_suffix});
  for (const std::string& suffix : suffixes) {
    if (!fs::exists(beside(suffix))) continue;
    throw Error::usage("is there already, and no call of facerec embed that is known has written it")
        .file(text_of(beside(suffix)))
        .hint("--force replaces it");
  }
}

void EmbedJob::take_up(const EmbedFileOptions& options) {
  if (!options.resume) {
    throw Error::usage("an earlier call that writes it was interrupted")
        .file(text_of(out_))
        .hint("--resume goes on with it, --force begins anew");
  }
  state = load_state(folder_ / state_file);
  check_same_job(state.job, description_.text(), out_);
}

void EmbedJob::take_up_finished(const EmbedFileOptions& options) {
  if (!options.resume && !options.append) {
    throw Error::usage("is there already").file(text_of(out_)).hint("--append adds to it, --force replaces it");
  }
  const Json summary = load_summary(beside(summary_suffix));
  if (options.append) {
    check_same_job(to_json_text(summary["embedding"]), to_json_text(description_.embedding), out_);
    appends_ = true;
    state.earlier_calls = summary["calls"];
    state.earlier_rows = summary["rows"];
    state.computed_by = summary["computed_by"];
  } else {
    Json last = summary["calls"].back();
    state.rows = last["rows"];
    state.skipped = last["skipped"];
    last.erase("rows");
    last.erase("skipped");
    check_same_job(EmbedDescription{summary["embedding"], last}.text(), description_.text(), out_);
    done_ = true;
    state.computed_by = summary["computed_by"];
    state.earlier_rows = summary["rows"].get<int64_t>() - state.rows;
  }
}

void EmbedJob::save() const {
  const Json json{{"job", state.job},
                  {"earlier_calls", state.earlier_calls},
                  {"computed_by", state.computed_by},
                  {"earlier_rows", state.earlier_rows},
                  {"done", state.done},
                  {"rows", state.rows},
                  {"skipped", state.skipped},
                  {"sizes", state.sizes},
                  {"finished", state.finished}};
  write_file(folder_ / state_file, to_json_text(json));
}

// The summary goes first and comes back last, so that what it tells of is always whole.
void EmbedJob::publish() {
  fs::remove(beside(summary_suffix));
  std::vector<std::string> suffixes = embedding_suffixes(shape_.format);
  suffixes.insert(suffixes.begin(), skipped_suffix);
  for (const std::string& suffix : suffixes) {
    const fs::path part = growing().string() + suffix + ".part";
    if (fs::exists(part)) fs::rename(part, beside(suffix));
  }
  const fs::path skipped = beside(skipped_suffix);
  if (fs::exists(skipped) && fs::is_empty(skipped)) fs::remove(skipped);
  Json calls = state.earlier_calls;
  calls.push_back(description_.call);
  calls.back().update({{"rows", state.rows}, {"skipped", state.skipped}});
  const Json summary{{"schema", 1},
                     {"out", text_of(out_)},
                     {"format", shape_.format},
                     {"rows", state.earlier_rows + state.rows},
                     {"dimension", shape_.dimension},
                     {"computed_by", state.computed_by},
                     {"embedding", description_.embedding},
                     {"calls", std::move(calls)}};
  write_file(beside(summary_suffix), to_json_text(summary, 2) + "\n");
  fs::remove(folder_ / state_file);
}

std::vector<fs::path> EmbedJob::files() const {
  std::vector<fs::path> files;
  std::vector<std::string> suffixes = embedding_suffixes(shape_.format);
  std::ranges::reverse(suffixes);
  suffixes.insert(suffixes.end(), {skipped_suffix, summary_suffix});
  for (const std::string& suffix : suffixes) {
    if (fs::exists(beside(suffix))) files.push_back(beside(suffix));
  }
  return files;
}

}  // namespace facerec
