#include "data/pack_state.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "io/crc32c.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* packed_mark = ".facerec-packed";

bool writes_folder(const std::string& format) {
  return format == "folder" || format == "recordio" || format == "bcolz";
}

// The file that is there once a packing is finished.
fs::path finished_file(const fs::path& out, const std::string& format) {
  return format == "recordio" ? out / "train.rec" : out;
}

fs::path part_of(const fs::path& out, const std::string& format) {
  return finished_file(out, format).string() + ".part";
}

PackState load(const fs::path& file) {
  try {
    const Json json = Json::parse(read_text(file));
    PackState state;
    state.job = json.at("job");
    state.done = json.at("done");
    state.sizes = json.at("sizes").get<std::vector<uint64_t>>();
    state.finishing = json.at("finishing");
    for (const Json& skipped : json.at("skipped")) {
      state.skipped.push_back({skipped.at(0), {skipped.at(1), skipped.at(2)}});
    }
    return state;
  } catch (const nlohmann::json::exception&) {
    throw Error::usage("does not tell where the packing stands").file(text_of(file)).hint("--force begins anew");
  }
}

uint32_t checksum(uint32_t before, const void* bytes, size_t size) {
  return crc32c(std::span(static_cast<const std::byte*>(bytes), size), before);
}

// Of all labels, and, where they cost nothing to look up, of all paths.
uint32_t checksum_of(const Dataset& data, bool with_paths) {
  uint32_t crc = 0;
  for (int64_t i = 0; i < data.size(); ++i) {
    const int64_t label = data.label(i);
    crc = checksum(crc, &label, sizeof label);
    if (!with_paths) continue;
    const std::string path = data.relative_path(i);
    crc = checksum(crc, path.data(), path.size());
  }
  return crc;
}

// Absolute, whether it is there or not, and without a separator at its end.
fs::path whole_path(const fs::path& path) {
  std::error_code code;
  const fs::path whole = fs::weakly_canonical(fs::absolute(path, code), code);
  return whole.has_filename() ? whole : whole.parent_path();
}

}  // namespace

Json file_stamp(const fs::path& path) {
  std::error_code code;
  if (!fs::is_regular_file(path, code)) return nullptr;
  const auto changed = fs::last_write_time(path, code).time_since_epoch();
  return {fs::file_size(path, code), std::chrono::duration_cast<std::chrono::nanoseconds>(changed).count()};
}

std::string describe_job(const TrainingSetConfig& set, const std::string& root, const PackOptions& options,
                         const Dataset& data) {
  Json json = config_json(set);
  const fs::path path = below_root(root, set.path), records = fs::is_directory(path) ? path / "train.rec" : path;
  const std::string format = data_format(path);
  json["path"] = text_of(fs::absolute(path));
  json["root"] = root.empty() ? "" : text_of(fs::absolute(root));
  json["stamp"] = file_stamp(records);
  json["format"] = options.format;
  json["exclude"] = {options.exclude, file_stamp(options.exclude)};
  json["images"] = data.size();
  json["checksum"] = checksum_of(data, format != "recordio" && format != "tfrecord");
  return to_json_text(json);
}

void check_output(const fs::path& out, const PackOptions& options) {
  std::error_code code;
  if (!fs::exists(out, code)) return;
  if (!options.force) throw Error::usage("is there already").file(text_of(out)).hint("--force replaces it");
  const bool is_folder = fs::is_directory(out, code);
  if (is_folder != writes_folder(options.format)) {
    throw Error::usage(is_folder ? "is a folder, and a file is to be written"
                                 : "is a file, and a folder is to be written")
        .file(text_of(out));
  }
  if (!is_folder || fs::exists(out / packed_mark, code)) return;
  throw Error::usage("is a folder that facerec pack has not written: it is not replaced")
      .file(text_of(out))
      .hint("choose another name, or remove it by hand");
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  const fs::path inner = whole_path(path), outer = whole_path(folder);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

void check_apart(const fs::path& in, const fs::path& out) {
  std::error_code code;
  const bool reads_from_output = is_inside(in, out);
  if (!reads_from_output && !(fs::is_directory(in, code) && is_inside(out, in))) return;
  throw Error::usage("lies inside " + text_of(whole_path(reads_from_output ? out : in)))
      .file(text_of(whole_path(reads_from_output ? in : out)))
      .hint("choose a place of its own for what is written");
}

void mark_as_packed(const fs::path& folder) { write_file(folder / packed_mark, "written by facerec pack\n"); }

PackJob::PackJob(const fs::path& out, const PackOptions& options, const std::string& job)
    : out_(out), folder_(out.string() + ".pack") {
  std::error_code code;
  if (!out.parent_path().empty()) make_folder(out.parent_path());
  const bool was_there = fs::is_directory(folder_, code);
  if (!was_there) check_leftovers(options);
  make_folder(folder_);
  lock_ = std::make_unique<FolderLock>(folder_);
  begin(options, job);
}

// Without a state nothing is ours.
void PackJob::check_leftovers(const PackOptions& options) const {
  check_output(out_, options);
  const fs::path part = part_of(out_, options.format);
  if (fs::exists(part)) {
    throw Error::usage("is in the way, and no packing that is under way has made it")
        .file(text_of(part))
        .hint("remove it, or choose another name");
  }
}

void PackJob::begin(const PackOptions& options, const std::string& job) {
  const fs::path file = folder_ / "state.json";
  if (fs::exists(file) && !options.force) {
    state = load(file);
    if (!options.resume) {
      throw Error::usage("an earlier packing into it was interrupted")
          .file(text_of(out_))
          .hint("--resume goes on with it, --force begins anew");
    }
    if (state.job != job) {
      throw Error::usage("was begun with other input, or the input has changed: " + state.job)
          .file(text_of(out_))
          .hint("--force begins anew");
    }
    const bool has_part = fs::exists(part_of(out_, options.format));
    done_ = state.finishing && !has_part && fs::exists(finished_file(out_, options.format));
    if (!done_ && !has_part && !state.sizes.empty() && options.format != "recordio") {
      throw Error::usage("what was written so far is gone")
          .file(text_of(part_of(out_, options.format)))
          .hint("--force begins anew");
    }
    return;
  }
  if (fs::exists(file)) fs::remove_all(part_of(out_, options.format));  // ours: the state says so
  check_output(out_, options);
  state = {};
  state.job = job;
  save();
}

void PackJob::save() const {
  Json json{{"job", state.job}, {"done", state.done}, {"sizes", state.sizes}, {"finishing", state.finishing}};
  json["skipped"] = Json::array();
  for (const SkippedImage& image : state.skipped) {
    json["skipped"].push_back({image.place, image.input.name, image.input.reason});
  }
  write_file(folder_ / "state.json", to_json_text(json));
}

void PackJob::end() { fs::remove_all(folder_); }

}  // namespace facerec
