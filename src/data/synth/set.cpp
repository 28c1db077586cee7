#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <set>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/core/random.h"
#include "facerec/data/synth.h"

namespace facerec {
namespace {

constexpr int folds = 10;
constexpr int64_t max_same_per_identity = 10;
// Evaluation identities are numbered from here, so that they are the same whatever the number of training identities.
constexpr uint64_t first_eval_identity = uint64_t{1} << 32;

// One half of the set: a folder of identities that are numbered on from `first`.
struct Part {
  std::string folder, prefix;
  uint64_t first;
  int64_t identities, images;

  std::string name(int64_t identity) const { return fmt::format("{}{:05}", prefix, identity + 1); }
  std::string file(int64_t identity, int64_t image) const {
    return fmt::format("{0}/{0}_{1:04}.jpg", name(identity), image + 1);
  }
  int64_t size() const { return identities * images; }
};

int64_t pairs_of_two(int64_t n) { return n * (n - 1) / 2; }

Part train_part(const SynthConfig& config) { return {"train", "id", 0, config.identities, config.images_per_identity}; }

int64_t identities_per_fold(int64_t same_per_fold, int64_t images) {
  const int64_t most = std::min(max_same_per_identity, pairs_of_two(images));
  return std::max<int64_t>(2, (same_per_fold + most - 1) / most);
}

Part eval_part(const SynthConfig& config) {
  const int64_t images = std::max<int64_t>(2, config.images_per_identity);
  const int64_t identities = config.pairs == 0 ? 0 : folds * identities_per_fold(config.pairs / (2 * folds), images);
  return {"eval", "ev", first_eval_identity, identities, images};
}

std::string csv_row(const std::string& file, const std::string& identity, const SynthFace& face) {
  std::string row =
      fmt::format("{},{},{},{},{:.2f},{:.2f},{:.2f},{},{},{},{}", file, identity, face.expression, face.camera_angle,
                  face.yaw, face.pitch, face.roll, face.glasses, face.occlusion, face.age, face.light);
  for (const auto& point : face.landmarks) row += fmt::format(",{:.2f},{:.2f}", point[0], point[1]);
  return row + "\n";
}

// Without fsync: a set of thousands of files is quick to make again.
void write_plainly(const fs::path& path, const std::vector<std::byte>& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw Error("cannot be written").file(text_of(path)).hint("is the disk full?");
}

// Into the folder `out`. `advance` is called after each image.
void write_part(const SynthConfig& config, const Part& part, const fs::path& out, int threads,
                const std::function<void()>& advance) {
  for (int64_t i = 0; i < part.identities; ++i) make_folder(out / part.name(i));
  std::vector<std::string> rows(static_cast<size_t>(part.size()));
  parallel_for(part.size(), threads, [&](int64_t index) {
    const int64_t identity = index / part.images, image = index % part.images;
    const SynthFace face =
        render_synthetic_face(config, part.first + static_cast<uint64_t>(identity), static_cast<uint64_t>(image));
    const std::string file = part.file(identity, image);
    write_plainly(out / file, encode_jpeg(face.image, face.jpeg_quality));
    rows[static_cast<size_t>(index)] = csv_row(file, part.name(identity), face);
    advance();
  });
  std::string csv = "file,identity,expression,camera_angle,yaw,pitch,roll,glasses,occlusion,age,light";
  for (const char* point : {"left_eye", "right_eye", "nose", "left_mouth", "right_mouth"})
    csv += fmt::format(",{0}_x,{0}_y", point);
  csv += "\n";
  for (const std::string& row : rows) csv += row;
  write_file(out / "attributes.csv", csv);
}

// Each identity in turn gives a pair of its images that it has not given yet.
void add_same_pairs(const Part& part, int64_t first, int64_t identities, int64_t count, Random& random,
                    std::string& list) {
  auto draw = [&](int64_t bound) { return static_cast<int64_t>(random.below(static_cast<uint64_t>(bound))); };
  std::set<std::array<int64_t, 3>> drawn;
  while (static_cast<int64_t>(drawn.size()) < count) {
    const int64_t identity = static_cast<int64_t>(drawn.size()) % identities;
    const int64_t a = draw(part.images), b = draw(part.images);
    if (a == b || !drawn.insert({identity, std::min(a, b), std::max(a, b)}).second) continue;
    list += fmt::format("{}\t{}\t{}\n", part.name(first + identity), std::min(a, b) + 1, std::max(a, b) + 1);
  }
}

void add_different_pairs(const Part& part, int64_t first, int64_t identities, int64_t count, Random& random,
                         std::string& list) {
  auto draw = [&](int64_t bound) { return static_cast<int64_t>(random.below(static_cast<uint64_t>(bound))); };
  std::set<std::array<int64_t, 4>> drawn;
  while (static_cast<int64_t>(drawn.size()) < count) {
    const int64_t a = draw(identities), b = draw(identities);
    const std::array<int64_t, 4> pair{std::min(a, b), draw(part.images), std::max(a, b), draw(part.images)};
    if (a == b || !drawn.insert(pair).second) continue;
    list += fmt::format("{}\t{}\t{}\t{}\n", part.name(first + pair[0]), pair[1] + 1, part.name(first + pair[2]),
                        pair[3] + 1);
  }
}

std::string pairs_list(const SynthConfig& config, const Part& part) {
  const int64_t count = config.pairs / (2 * folds), identities = part.identities / folds;
  std::string list = fmt::format("{}\t{}\n", folds, count);
  for (int64_t fold = 0; fold < folds; ++fold) {
    Random random("synth-pairs", {static_cast<uint64_t>(config.seed), static_cast<uint64_t>(fold)});
    add_same_pairs(part, fold * identities, identities, count, random, list);
    add_different_pairs(part, fold * identities, identities, count, random, list);
  }
  return list;
}

void check(const SynthConfig& config, const fs::path& out, bool force) {
  if (config.pairs % (2 * folds) != 0) {
    throw Error::usage(
        fmt::format("{} pairs cannot be cut into ten folds of as many same as different ones", config.pairs))
        .hint("give a multiple of 20");
  }
  std::error_code code;
  if (fs::exists(out, code) && !fs::is_directory(out, code)) throw Error::usage("is not a folder").file(text_of(out));
  if (!force && fs::exists(out, code) && !fs::is_empty(out, code)) {
    throw Error::usage("is not empty").file(text_of(out)).hint("--force replaces what an earlier call wrote there");
  }
}

}  // namespace

SynthSummary write_synthetic_set(const SynthConfig& config, const fs::path& out, int threads, bool force,
                                 const std::function<void(int64_t, int64_t)>& progress) {
  check(config, out, force);
  const Part train = train_part(config), eval = eval_part(config);
  const int64_t total = train.size() + eval.size();
  std::mutex mutex;
  int64_t done = 0;
  auto advance = [&] {
    const std::lock_guard lock(mutex);
    if (progress) progress(++done, total);
  };
  if (force) remove_temporaries(out);
  const bool is_new = make_folder(out);
  try {
    write_folder(out / train.folder, [&](const fs::path& train_folder) {
      write_part(config, train, train_folder, threads, advance);
      if (eval.identities == 0) return;
      // Within the other, so that train/ never appears without its eval/.
      write_folder(out / eval.folder, [&](const fs::path& eval_folder) {
        write_part(config, eval, eval_folder, threads, advance);
        write_file(eval_folder / "pairs.txt", pairs_list(config, eval));
      });
    });
    if (eval.identities == 0) fs::remove_all(out / eval.folder);
  } catch (...) {
    std::error_code ignored;
    if (is_new) fs::remove(out, ignored);
    throw;
  }
  return {total, train.identities, eval.identities, config.pairs};
}

}  // namespace facerec
