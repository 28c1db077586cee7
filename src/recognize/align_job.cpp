#include "recognize/align_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "data/lists.h"
#include "data/pack_state.h"
#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/data/pack.h"
#include "facerec/image/image.h"
#include "recognize/align_journal.h"
#include "recognize/align_summary.h"
#include "recognize/same_job.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

// Something that could be lost is there; what is hidden in .align, and empty folders, do not count.
bool is_occupied(const fs::path& path) {
  const fs::file_status status = fs::status(path);  // once: another shard may make the folder meanwhile
  if (!fs::is_directory(status)) return fs::exists(status);
  return std::ranges::any_of(fs::directory_iterator(path), [](const fs::directory_entry& entry) {
    return entry.path().filename() != ".align" && !(entry.is_directory() && fs::is_empty(entry.path()));
  });
}

// Removes a file below `folder`, never what a link or .. leads out to, and the folders that are empty then.
void remove_below(const fs::path& folder, const fs::path& name) {
  const fs::path file = folder / name;
  if (!is_inside(file.parent_path(), folder)) return;
  std::error_code code;
  fs::remove(file, code);
  for (fs::path above = file.parent_path(); above != folder && fs::remove(above, code);) above = above.parent_path();
}

// `file`: a journal or a summary.
void remove_crops(const fs::path& folder, const fs::path& file) {
  const JournalLines lines(file);
  for (int64_t i = 0; i < lines.size(); ++i) {
    try {
      for (const CropRecord& crop : lines.record(i).crops) {
        if (has_image_extension(crop.file)) remove_below(folder, crop.file);
      }
    } catch (const Error&) {  // what a damaged line names is not known, and stays
    }
  }
}

void remove_protocol(const fs::path& folder) {
  std::vector<fs::path> names{"Protocol/Pair_list_F.txt", "Protocol/Pair_list_P.txt"};
  std::error_code code;
  for (const auto& entry : fs::recursive_directory_iterator(folder / "Protocol/Split", code)) {
    const std::string name = entry.path().filename();
    if (name == "same.txt" || name == "diff.txt") names.push_back(entry.path().lexically_relative(folder));
  }
  for (const fs::path& name : names) remove_below(folder, name);
}

// What a finished alignment, or a shard of it, has written. The summary goes last.
void remove_outputs(const fs::path& folder, const fs::path& summary) {
  if (!is_align_summary(summary)) return;
  remove_crops(folder, summary);
  const Json pairs = read_align_summary(summary).value("pairs", Json());
  const Json file = pairs.is_object() ? pairs.value("file", Json()) : Json();
  if (file == "pairs.txt") remove_below(folder, "pairs.txt");
  if (file == "Protocol") remove_protocol(folder);
  fs::remove(summary);
}

// Summaries are align.json and align.2-of-4.json.
std::vector<fs::path> summaries_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("align.") && name.ends_with(".json")) files.push_back(entry.path());
  }
  return files;
}

// What a shard has in its own folder.
void remove_own(const fs::path& own) {
  fs::remove(own / "journal.jsonl.part");
  fs::remove_all(own / "scratch");
}

// Shards that are started together look one after the other.
std::unique_ptr<FolderLock> lock_when_free(const fs::path& folder) {
  constexpr auto pause = std::chrono::milliseconds(20);
  for (int tries_left = 1500;; --tries_left) try {
      return std::make_unique<FolderLock>(folder);
    } catch (const Error& held) {
      if (held.kind() != Error::Kind::usage || tries_left == 0) throw;
      std::this_thread::sleep_for(pause);
    }
}

}  // namespace

AlignJob::AlignJob(const AlignPlaces& places, const AlignOptions& options, const std::string& text)
    : places_(places), job_(places.state / "job.json"), text_(text) {
  const bool begins_anew = options.force && !options.resume;
  if (begins_anew || !is_begun()) check_free(options);
  make_folder(places_.own);
  const std::unique_ptr<FolderLock> while_looking = lock_when_free(places_.state);
  lock_ = std::make_unique<FolderLock>(places_.own);
  if (begins_anew) {
    clear();
  } else if (is_begun()) {
    check_begun(options);
  }
  if (!fs::exists(job_)) write_file(job_, text_);
  fs::remove_all(places_.scratch);
  make_folder(places_.scratch);
}

bool AlignJob::is_interrupted() const { return fs::exists(places_.journal.string() + ".part"); }

bool AlignJob::is_finished() const {
  return !is_interrupted() && fs::exists(places_.out) && is_align_summary(places_.summary);
}

bool AlignJob::is_begun() const { return fs::exists(job_) || is_finished(); }

std::string AlignJob::earlier() const {
  return fs::exists(job_) ? read_text(job_) : to_json_text(read_align_summary(places_.summary).at("options"));
}

// Asked after the look at `path`: what others write there comes after their job.json.
bool AlignJob::is_ours(const fs::path& path) const {
  if (path == places_.state) return fs::exists(job_);
  if (!is_begun() || path == places_.crops) return is_begun();
  const Json begun = Json::parse(earlier(), nullptr, false);  // the list beside a folder of crops
  return begun.is_object() && begun.value("format", Json()) == "list";
}

// Nothing that is there may be in the way, but what a call of this wrote.
void AlignJob::check_free(const AlignOptions& options) const {
  if (is_packed(options.format)) {
    PackOptions pack;
    pack.format = options.format;
    pack.force = options.force;
    check_pack_output(places_.out, pack);
  } else if (options.format == "list" && !is_list(places_.out)) {
    throw Error::usage("would not be known as a list").file(text_of(places_.out)).hint("let its name end in .txt");
  }
  const std::vector<fs::path> written =
      places_.crops.empty() ? std::vector{places_.state} : std::vector{places_.crops, places_.out};
  for (const fs::path& path : written) {
    if (!is_occupied(path) || is_ours(path)) continue;
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
  check_same_job(earlier(), text_, places_.out);
  done_ = is_finished();
  goes_on_ = is_interrupted();
}

// What says whose the folder is goes last. A packed set stays until the new one takes its place.
void AlignJob::clear() const {
  const bool has_crops = !places_.crops.empty();
  if (has_crops && places_.out != places_.crops) fs::remove(places_.out);
  for (const auto& entry : fs::directory_iterator(places_.state)) {
    const fs::path journal = entry.path() / "journal.jsonl.part";
    if (!fs::exists(journal)) continue;
    if (has_crops) remove_crops(places_.crops, journal);
    remove_own(entry.path());
  }
  if (has_crops) {
    for (const fs::path& summary : summaries_in(places_.crops)) remove_outputs(places_.crops, summary);
  }
  fs::remove(job_);
}

void AlignJob::end() {
  std::error_code code;
  remove_own(places_.own);
  fs::remove(places_.own, code);
  if (!places_.crops.empty()) return;
  fs::remove(job_);
  fs::remove(places_.state, code);
}

}  // namespace facerec
