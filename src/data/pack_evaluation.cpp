#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "data/evaluation_formats.h"
#include "data/pack_paths.h"
#include "data/pack_state.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/data/pack.h"

namespace facerec {
namespace {

// The bytes of an image file, pixels as PNG, and their extension.
std::vector<std::byte> file_of(const Dataset& images, int64_t index, std::string& extension) {
  Sample sample = images.read(index);
  if (!sample.pixels.rgb.empty()) sample.encoded = encode_png(sample.pixels);
  try {
    extension = extension_of(probe_image(sample.encoded).format);
  } catch (Error& error) {
    throw std::move(error).file(images.name(index));
  }
  return std::move(sample.encoded);
}

struct Counts {
  int64_t same = 0, different = 0;
  bool operator==(const Counts&) const = default;
};

// LFW's list can say so: several folds, each with as many same as different pairs, all of one size.
bool fits_lfw(const PairSet& set, std::map<uint16_t, Counts>& folds) {
  for (size_t i = 0; i < set.pairs.size(); ++i)
    ++(set.pairs[i].same ? folds[set.fold[i]].same : folds[set.fold[i]].different);
  const Counts first = folds.begin()->second;
  return folds.size() > 1 && first.same == first.different &&
         std::all_of(folds.begin(), folds.end(), [&](const auto& fold) { return fold.second == first; });
}

// identity/identity_0001, numbered in the order of the images.
struct LfwNames {
  explicit LfwNames(const Dataset& images) {
    std::map<int64_t, int64_t> counts;
    for (int64_t i = 0; i < images.size(); ++i) {
      identities.push_back(plain_name(images.class_name(images.label(i))));
      numbers.push_back(++counts[images.label(i)]);
    }
  }
  std::string stem(size_t i) const { return fmt::format("{0}/{0}_{1:04}", identities[i], numbers[i]); }

  std::vector<std::string> identities;
  std::vector<int64_t> numbers;
};

std::string lfw_list(const PairSet& set, const std::map<uint16_t, Counts>& folds, const LfwNames& names) {
  std::string text = fmt::format("{}\t{}\n", folds.size(), folds.begin()->second.same);
  for (const auto& [fold, counts] : folds) {
    for (const bool same : {true, false}) {
      for (size_t i = 0; i < set.pairs.size(); ++i) {
        const Pair& pair = set.pairs[i];
        if (set.fold[i] != fold || pair.same != same) continue;
        text += fmt::format("{}\t{}\t", names.identities[pair.a], names.numbers[pair.a]);
        if (!same) text += names.identities[pair.b] + "\t";
        text += fmt::format("{}\n", names.numbers[pair.b]);
      }
    }
  }
  return text;
}

void write_folder_of_pairs(const PairSet& set, const fs::path& out, int threads, const PackProgress& progress) {
  std::map<uint16_t, Counts> folds;
  const bool is_lfw = fits_lfw(set, folds);
  const LfwNames names(*set.images);
  UniquePaths unique;
  std::vector<std::string> paths;
  for (int64_t i = 0; i < set.images->size(); ++i) {
    paths.push_back(is_lfw ? names.stem(static_cast<size_t>(i)) : unique.take(packed_path(*set.images, i), i));
  }
  write_folder(out, [&](const fs::path& folder) {
    const int64_t count = set.images->size();
    constexpr int64_t block = 128;
    for (int64_t first = 0; first < count; first += block) {
      parallel_for(std::min(block, count - first), threads, [&](int64_t i) {
        const int64_t index = first + i;
        std::string extension;
        const std::vector<std::byte> bytes = file_of(*set.images, index, extension);
        std::string& path = paths[static_cast<size_t>(index)];
        if (!has_image_extension(path)) path += extension;
        make_folder((folder / path).parent_path());
        write_file(folder / path, bytes);
      });
      if (progress) progress(std::min(first + block, count), count);
    }
    std::string list;
    for (const Pair& pair : set.pairs)
      list += fmt::format("{}\t{}\t{}\n", paths[pair.a], paths[pair.b], pair.same ? 1 : 0);
    mark_as_packed(folder);
    write_file(folder / "pairs.txt", is_lfw ? lfw_list(set, folds, names) : list);
  });
}

}  // namespace

// A bcolz folder is known by itself, and its list must not be another's.
void check_evaluation_output(const fs::path& out, const PackOptions& options) {
  const fs::path list = out.string() + "_list.npy";
  if (options.format != "bcolz" || !fs::exists(out)) check_output(out, options);
  if (options.format != "bcolz") return;
  if (!options.force && (fs::exists(out) || fs::exists(list))) {
    throw Error::usage("is there already").file(text_of(fs::exists(out) ? out : list)).hint("--force replaces it");
  }
  if (fs::exists(out) && !is_bcolz(out)) {
    throw Error::usage("is no bcolz folder: it is not replaced").file(text_of(out)).hint("choose another name");
  }
}

PackSummary pack_evaluation_set(const PairSet& set, const fs::path& out, const PackOptions& options,
                                const PackProgress& progress) {
  check_evaluation_output(out, options);
  if (!out.parent_path().empty()) make_folder(out.parent_path());
  const int64_t images = set.images->size(), pairs = static_cast<int64_t>(set.pairs.size());
  const PairsWritten count_pairs = [&](int64_t done) {
    if (progress) progress(done, pairs);
  };
  if (options.format == "bin") {
    write_verification_pack(out, set, count_pairs);
  } else if (options.format == "bcolz") {
    write_bcolz(out, set, options.threads, count_pairs);
  } else {
    write_folder_of_pairs(set, out, options.threads, progress);
  }
  PackSummary summary;
  summary.images = images;
  summary.pairs = pairs;
  summary.identities = set.images->classes();
  return summary;
}

}  // namespace facerec
