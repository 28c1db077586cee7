#include "recognize/align_job.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "data/lists.h"
#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/data/pack.h"
#include "facerec/image/image.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

bool is_packed(const std::string& format) { return format != "folder" && format != "list"; }

bool is_empty_folder(const fs::path& path) {
  std::error_code code;
  return fs::is_directory(path, code) && fs::is_empty(path, code);
}

// What an earlier call was begun with, where it is not what this one asks for.
void check_same(const std::string& before, const std::string& now, const fs::path& out) {
  if (before == now) return;
  const Json asked = Json::parse(now), begun = Json::parse(before, nullptr, false);
  std::string differences;
  for (const auto& [key, value] : asked.items()) {
    const bool is_there = begun.is_object() && begun.contains(key);
    if (is_there && begun[key] == value) continue;
    differences += fmt::format("; {}: {} then, {} now", key, is_there ? begun[key].dump() : "unknown", value.dump());
  }
  throw Error::usage("was begun with other input or options" + differences)
      .file(text_of(out))
      .hint("--force begins anew");
}

// Whether align writes a file of that path below the folder of crops.
bool is_output(const std::string& path) {
  const bool is_summary = path.starts_with("align.") && path.ends_with(".json");
  return has_image_extension(path) || path == "pairs.txt" || path.starts_with("Protocol/") || is_summary;
}

// Removes what align writes there, and the folders that are empty then.
void remove_outputs(const fs::path& folder, const std::string& path) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string own_path = path + entry.path().filename().string();
    const bool is_folder = entry.is_directory() && !entry.is_symlink();
    if (is_folder) remove_outputs(entry.path(), own_path + "/");
    if (is_folder ? fs::is_empty(entry.path()) : is_output(own_path)) fs::remove(entry.path());
  }
}

}  // namespace

AlignPlaces::AlignPlaces(const fs::path& asked, const AlignOptions& options) : out(asked) {
  const Shard& shard = options.shard;
  const std::string part = fmt::format("{}-of-{}", shard.index, shard.count);
  if (!is_packed(options.format)) crops = options.format == "list" ? fs::path(out).replace_extension() : out;
  state = crops.empty() ? fs::path(out.string() + ".align") : crops / ".align";
  own = state / part;
  journal = own / "journal.jsonl";
  scratch = own / "scratch";
  const std::string name = shard.count > 1 ? "align." + part + ".json" : "align.json";
  summary = crops.empty() ? fs::path(out.string() + ".align.json") : crops / name;
}

AlignJob::AlignJob(const AlignPlaces& places, const AlignOptions& options, const std::string& text)
    : places_(places), text_(text) {
  const fs::path job = places_.state / "job.json";
  const bool begins_anew = options.force && !options.resume;
  const bool was_begun = fs::exists(job) || is_finished();
  if (!was_begun || begins_anew) check_free(options, was_begun);
  make_folder(places_.own);
  lock_ = std::make_unique<FolderLock>(places_.own);
  if (was_begun && !begins_anew) check_begun(options);
  if (done_) return;
  if (begins_anew) clear();
  fs::remove_all(places_.scratch);
  make_folder(places_.scratch);
  if (begins_anew) lock_ = std::make_unique<FolderLock>(places_.own);
  if (!fs::exists(job)) write_file(job, text_);
}

bool AlignJob::is_interrupted() const { return fs::exists(places_.journal.string() + ".part"); }

bool AlignJob::is_finished() const {
  return !is_interrupted() && fs::exists(places_.summary) && fs::exists(places_.out);
}

// Nothing that is there may be in the way, but what a call of this wrote (`is_ours`).
void AlignJob::check_free(const AlignOptions& options, bool is_ours) const {
  if (is_packed(options.format)) {
    PackOptions pack;
    pack.format = options.format;
    pack.force = options.force;
    return check_pack_output(places_.out, pack);
  }
  if (options.format == "list" && !is_list(places_.out)) {
    throw Error::usage("would not be known as a list").file(text_of(places_.out)).hint("let its name end in .txt");
  }
  if (is_ours) return;
  for (const fs::path& path : {places_.crops, places_.out}) {
    if (!fs::exists(path) || is_empty_folder(path)) continue;
    throw Error::usage("is there already, and facerec align has not written it: it is not replaced")
        .file(text_of(path))
        .hint("choose another name, or remove it by hand");
  }
}

void AlignJob::check_begun(const AlignOptions& options) {
  const bool may_join = options.shard.count > 1 && !is_interrupted() && !is_finished();
  if (!options.resume && !may_join) {
    throw Error::usage(is_finished() ? "is there already" : "an earlier call that writes it was interrupted")
        .file(text_of(places_.out))
        .hint(is_finished() ? "--force replaces it" : "--resume goes on with it, --force begins anew");
  }
  const fs::path job = places_.state / "job.json";
  check_same(fs::exists(job) ? read_text(job) : to_json_text(read_align_summary(places_.summary).at("options")), text_,
             places_.out);
  done_ = is_finished();
  goes_on_ = is_interrupted();
}

// What says whose the folder is goes last. A packed set stays until the new one takes its place.
void AlignJob::clear() const {
  if (!places_.crops.empty()) remove_outputs(places_.crops, "");
  if (!places_.crops.empty() && places_.out != places_.crops) fs::remove(places_.out);
  fs::remove_all(places_.state);
}

void AlignJob::end() { fs::remove_all(places_.crops.empty() ? places_.state : places_.own); }

}  // namespace facerec
