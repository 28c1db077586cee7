#include "recognize/align_places.h"

#include <fmt/format.h>

#include "data/pack_state.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

// Without a separator at its end, and with a name of its own: "." and ".." have none that others could be made of.
fs::path named(const fs::path& asked) {
  if (asked.empty()) throw Error::usage("OUT is empty").hint("name a file or folder to write");
  const fs::path path = asked.lexically_normal();
  fs::path plain = path.has_filename() ? path : path.parent_path();
  if (plain.filename() != "." && plain.filename() != "..") return plain;
  return fs::weakly_canonical(fs::absolute(plain));
}

void check_preview(const AlignInput& input, const AlignOptions& options, const AlignPlaces& places) {
  const fs::path& preview = options.preview;
  if (preview.empty()) return;
  const auto refuse = [&](const std::string& why, const std::string& remedy) {
    throw Error::usage("of --preview " + why).file(text_of(preview)).hint(remedy);
  };
  if (preview.extension() != ".png") refuse("would not be known as PNG", "let its name end in .png");
  for (const fs::path& place : {path_of(input), places.out, places.crops, places.state}) {
    if (place.empty() || !is_inside(preview, place)) continue;
    refuse("lies inside " + text_of(place), "choose a place of its own for it");
  }
  if (fs::is_directory(preview)) refuse("is a folder", "choose another name");
  if (fs::exists(preview) && !options.force) refuse("is there already", "--force replaces it");
  const fs::path folder = fs::absolute(preview).parent_path();
  if (!fs::is_directory(folder)) refuse("is to lie in a folder that does not exist", "make it first");
  const AtomicFile can_be_written(preview);
}

}  // namespace

bool is_packed(const std::string& format) { return format != "folder" && format != "list"; }

AlignPlaces::AlignPlaces(const fs::path& asked, const AlignOptions& options) : out(named(asked)) {
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

void check_places(const AlignInput& input, const AlignOptions& options, const AlignPlaces& places) {
  std::vector<fs::path> read = options.weights;
  read.push_back(input.pairs);
  if (options.landmarks != "beside") read.emplace_back(options.landmarks);
  for (const fs::path& place : {places.out, places.crops, places.state, places.summary}) {
    if (place.empty()) continue;
    check_apart(path_of(input), place);
    for (const fs::path& file : read) {
      if (file.empty() || !is_inside(file, place)) continue;
      throw Error::usage("is to be read, and lies inside the output " + text_of(place))
          .file(text_of(file))
          .hint("choose a place of its own for what is written");
    }
  }
  check_preview(input, options, places);
}

void check_images_apart(const AlignSource& source, const fs::path& crops) {
  if (crops.empty() || !source.tree.empty()) return;
  const std::string folder = text_of(fs::weakly_canonical(fs::absolute(crops)) / "");
  for (int64_t i = 0; i < source.images->size(); ++i) {
    const fs::path image = source.images->name(i);
    if (!fs::absolute(image).lexically_normal().string().starts_with(folder)) continue;
    throw Error::usage("is an image to be aligned, and lies inside the output").file(text_of(image));
  }
}

}  // namespace facerec
