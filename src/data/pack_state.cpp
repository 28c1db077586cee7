#include "data/pack_state.h"

#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

fs::path state_file(const fs::path& out) { return out.string() + ".pack.json"; }

PackState load(const fs::path& file) {
  try {
    const Json json = Json::parse(read_text(file));
    PackState state;
    state.job = json.at("job");
    state.done = json.at("done");
    state.sizes = json.at("sizes").get<std::vector<uint64_t>>();
    for (const Json& input : json.at("skipped")) state.skipped.push_back({input.at(0), input.at(1)});
    return state;
  } catch (const nlohmann::json::exception&) {
    throw Error::usage("does not tell where the packing stands").file(text_of(file)).hint("--force begins anew");
  }
}

}  // namespace

// `force` replaces a folder only when it can be what an earlier call wrote: identities, and a list of pairs.
void check_replaceable(const fs::path& out, const std::string& format) {
  if (!fs::exists(out)) return;
  const bool is_folder = fs::is_directory(out);
  if (is_folder != (format == "folder" || format == "recordio")) {
    throw Error::usage(is_folder ? "is a folder, and a file is to be written"
                                 : "is a file, and a folder is to be written")
        .file(text_of(out));
  }
  if (format != "folder") return;
  for (const auto& entry : fs::directory_iterator(out)) {
    if (entry.is_directory() || entry.path().filename() == "pairs.txt") continue;
    throw Error::usage("does not look like a data set: it holds " + entry.path().filename().string())
        .file(text_of(out))
        .hint("nothing is replaced; remove it by hand, or choose another name");
  }
}

std::string describe_job(const TrainingSetConfig& set, const std::string& root, const PackOptions& options,
                         int64_t images) {
  Json json = config_json(set);
  json["path"] = text_of(fs::absolute(below_root(root, set.path)));
  json["format"] = options.format;
  json["exclude"] = options.exclude;
  json["images"] = images;
  return to_json_text(json);
}

PackState begin_pack(const fs::path& out, const PackOptions& options, const std::string& job) {
  if (options.force) {
    check_replaceable(out, options.format);
    forget_pack_state(out);
  } else if (fs::exists(state_file(out))) {
    PackState state = load(state_file(out));
    if (!options.resume) {
      throw Error::usage("an earlier packing into it was interrupted")
          .file(text_of(out))
          .hint("--resume goes on with it, --force begins anew");
    }
    if (state.job == job) return state;
    throw Error::usage("was begun with other input: " + state.job).file(text_of(out)).hint("--force begins anew");
  } else if (fs::exists(out)) {
    PackState state;
    state.finished = options.resume;
    if (state.finished) return state;
    throw Error::usage("is there already").file(text_of(out)).hint("--force replaces it");
  }
  if (!out.parent_path().empty()) fs::create_directories(out.parent_path());
  PackState state;
  state.job = job;
  save_pack_state(out, state);
  return state;
}

void save_pack_state(const fs::path& out, const PackState& state) {
  Json json{{"job", state.job}, {"done", state.done}, {"sizes", state.sizes}, {"skipped", Json::array()}};
  for (const BadInput& input : state.skipped) json["skipped"].push_back({input.name, input.reason});
  write_file(state_file(out), to_json_text(json));
}

void forget_pack_state(const fs::path& out) { fs::remove(state_file(out)); }

}  // namespace facerec
