#include "facerec/data/synth.h"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <sstream>

#include "facerec/core/error.h"
#include "facerec/data/pairs.h"
#include "support/reference.h"

namespace facerec {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;

SynthConfig small() {
  SynthConfig config;
  config.identities = 4;
  config.images_per_identity = 3;
  config.size = 32;
  config.pairs = 60;
  return config;
}

SynthSummary write(const SynthConfig& config, const fs::path& out, int threads = 2, bool force = false) {
  return write_synthetic_set(config, out, threads, force, {});
}

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = read_text(entry.path());
  }
  return files;
}

TEST(Synth, ThreadsDoNotChangeAByte) {
  const TemporaryFolder folder;
  write(small(), folder / "one", 1);
  write(small(), folder / "three", 3);
  EXPECT_EQ(contents(folder / "one"), contents(folder / "three"));
}

TEST(Synth, SeedsAndIdentitiesDiffer) {
  SynthConfig other = small();
  other.seed = 2;
  EXPECT_NE(render_synthetic_face(small(), 0, 0).image.rgb, render_synthetic_face(other, 0, 0).image.rgb);
  EXPECT_NE(render_synthetic_face(small(), 0, 0).image.rgb, render_synthetic_face(small(), 1, 0).image.rgb);
  EXPECT_NE(render_synthetic_face(small(), 0, 0).image.rgb, render_synthetic_face(small(), 0, 1).image.rgb);
}

TEST(Synth, LandmarksLieAboutTheTemplate) {
  // ArcFace's template for 112×112.
  constexpr float expected[5][2] = {
      {38.29F, 51.70F}, {73.53F, 51.50F}, {56.03F, 71.74F}, {41.55F, 92.37F}, {70.73F, 92.20F}};
  SynthConfig config;
  config.size = 112;
  double sum[5][2] = {};
  constexpr int count = 60;
  for (int i = 0; i < count; ++i) {
    const SynthFace face = render_synthetic_face(config, static_cast<uint64_t>(i / 3), static_cast<uint64_t>(i % 3));
    for (size_t p = 0; p < 5; ++p) {
      for (size_t axis = 0; axis < 2; ++axis) {
        EXPECT_GT(face.landmarks[p][axis], 0);
        EXPECT_LT(face.landmarks[p][axis], 112);
        sum[p][axis] += face.landmarks[p][axis];
      }
    }
  }
  for (size_t p = 0; p < 5; ++p) {
    for (size_t axis = 0; axis < 2; ++axis) EXPECT_NEAR(sum[p][axis] / count, expected[p][axis], 5) << p << " " << axis;
  }
}

TEST(Synth, PairsAreDistinctTrueAndFoldsDisjoint) {
  const TemporaryFolder folder;
  const SynthSummary summary = write(small(), folder / "f");
  EXPECT_EQ(summary.pairs, 60);
  const PairSet set = open_pairs(folder / "f/eval", folder / "f/eval/pairs.txt", "synth");
  ASSERT_EQ(set.pairs.size(), 60U);
  std::set<std::pair<uint32_t, uint32_t>> seen;
  std::map<std::string, uint16_t> fold_of;
  int same = 0;
  for (size_t i = 0; i < set.pairs.size(); ++i) {
    const Pair& pair = set.pairs[i];
    EXPECT_TRUE(seen.insert(std::minmax(pair.a, pair.b)).second);
    const std::string a = fs::path(set.images->name(pair.a)).parent_path().filename();
    const std::string b = fs::path(set.images->name(pair.b)).parent_path().filename();
    EXPECT_EQ(pair.same, a == b);
    same += pair.same ? 1 : 0;
    for (const std::string& name : {a, b})
      EXPECT_EQ(fold_of.emplace(name, set.fold[i]).first->second, set.fold[i]) << name;
  }
  EXPECT_EQ(same, 30);
  EXPECT_EQ(static_cast<int64_t>(fold_of.size()), summary.eval_identities);
}

TEST(Synth, AttributesNameEveryImage) {
  const TemporaryFolder folder;
  write(small(), folder / "f");
  std::istringstream csv(read_text(folder / "f/train/attributes.csv"));
  std::string line;
  std::getline(csv, line);
  EXPECT_THAT(line, HasSubstr("file,identity,expression,camera_angle"));
  const auto columns = std::count(line.begin(), line.end(), ',');
  int rows = 0;
  for (; std::getline(csv, line); ++rows) {
    EXPECT_EQ(std::count(line.begin(), line.end(), ','), columns);
    EXPECT_TRUE(fs::exists(folder / "f/train" / line.substr(0, line.find(','))));
  }
  EXPECT_EQ(rows, 12);
}

TEST(Synth, RefusesWhatItCannotDo) {
  const TemporaryFolder folder;
  SynthConfig odd = small();
  odd.pairs = 30;
  EXPECT_THROW(write(odd, folder / "f"), Error);
  write_file(folder / "mine", "x");
  EXPECT_THROW(write(small(), folder.path()), Error);
  EXPECT_EQ(contents(folder.path()).size(), 1U);
}

TEST(Synth, AFailureLeavesNothing) {
  const TemporaryFolder folder;
  // The seventh image is still one of the twelve of train/, the twentieth one of eval/.
  for (int64_t last : {7, 20}) {
    auto stop = [last](int64_t done, int64_t) {
      if (done == last) throw Error("stop");
    };
    EXPECT_THROW(write_synthetic_set(small(), folder / "f", 2, false, stop), Error);
    EXPECT_FALSE(fs::exists(folder / "f"));
  }
}

TEST(Synth, TwoImagesAnIdentityAreEnoughForPairs) {
  const TemporaryFolder folder;
  SynthConfig config = small();
  config.identities = config.images_per_identity = 1;
  config.size = 16;
  const SynthSummary summary = write(config, folder / "f");
  EXPECT_EQ(summary.images, 1 + 2 * summary.eval_identities);
  EXPECT_EQ(open_pairs(folder / "f/eval", folder / "f/eval/pairs.txt", "synth").pairs.size(), 60U);
}

TEST(Synth, ForceReplacesOnlyItsOwn) {
  const TemporaryFolder folder;
  write(small(), folder.path());
  write_file(folder / "mine", "x");
  SynthConfig fewer = small();
  fewer.identities = 2;
  fewer.pairs = 0;
  write(fewer, folder.path(), 2, true);
  EXPECT_TRUE(fs::exists(folder / "mine"));
  EXPECT_FALSE(fs::exists(folder / "eval"));
  EXPECT_EQ(contents(folder.path()).size(), 1U + 6U + 1U);
}

}  // namespace
}  // namespace facerec
