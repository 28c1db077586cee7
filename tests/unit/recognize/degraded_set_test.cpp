#include "facerec/recognize/degraded_set.h"

#include <gtest/gtest.h>

#include <thread>

#include "facerec/core/error.h"

namespace facerec {
namespace {

// Images of 40×40, each with a pattern of its own, of two people.
class MadeUpSet : public Dataset {
 public:
  explicit MadeUpSet(std::string root = "set") : root_(std::move(root)) {}
  int64_t size() const override { return 6; }
  int64_t classes() const override { return 2; }
  int64_t label(int64_t index) const override { return index / 3; }
  std::string name(int64_t index) const override { return root_ + "/" + relative_path(index); }
  std::string class_name(int64_t label) const override { return label == 0 ? "ann" : "bob"; }
  std::string relative_path(int64_t index) const override {
    return class_name(label(index)) + "/" + std::to_string(index) + ".png";
  }
  Sample read(int64_t index) const override {
    Image image(40, 40);
    for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<uint8_t>(40 + i * (index + 3) / 50 % 160);
    return {{}, std::move(image)};
  }

 private:
  std::string root_;
};

// Gives what it is asked for in white, so that restored images are told from others.
class WhiteResolver : public SuperResolver {
 public:
  int scale() const override { return 4; }
  std::string name() const override { return "white x4"; }
  std::string identity() const override { return "abc"; }
  Image enlarge(const Image& image, int width, int height) override {
    seen_width = image.width;
    Image white(width, height);
    std::fill(white.rgb.begin(), white.rgb.end(), 255);
    return white;
  }
  int seen_width = 0;
};

const auto made_up_set = std::make_shared<MadeUpSet>();

Image original(int64_t index) { return load_image(*made_up_set, index); }

TEST(DegradedSet, OfNothingIsTheSetItself) {
  const DegradedSet set(made_up_set, {});
  ASSERT_EQ(set.size(), 6);
  EXPECT_EQ(set.classes(), 2);
  EXPECT_EQ(set.label(4), 1);
  EXPECT_EQ(set.name(4), "set/bob/4.png");
  EXPECT_EQ(set.class_name(1), "bob");
  EXPECT_EQ(set.relative_path(4), "bob/4.png");
  for (int64_t i = 0; i < 6; ++i) EXPECT_EQ(load_image(set, i).rgb, original(i).rgb);
}

TEST(DegradedSet, CropsThenCorruptsThenReduces) {
  Degradation degradation;
  degradation.crop = {.resized = 36, .width = 32, .height = 32};
  degradation.corruption = Corruption::blur;
  degradation.severity = 4;
  degradation.low_resolution = 3;
  const Image expected =
      reduce_and_enlarge(corrupt(resize_and_crop(original(2), 36, 32, 32), Corruption::blur, 4, 0), 3);
  EXPECT_EQ(load_image(DegradedSet(made_up_set, degradation), 2).rgb, expected.rgb);
  EXPECT_EQ(describe(degradation), "36x36, centre 32x32; blur 4; low resolution 3, bicubic");
}

TEST(DegradedSet, RestoresTheReducedImageToItsSize) {
  Degradation degradation;
  degradation.low_resolution = 3;
  const auto resolver = std::make_shared<WhiteResolver>();
  degradation.restore = resolver;
  const Image restored = load_image(DegradedSet(made_up_set, degradation), 0);
  EXPECT_EQ(restored.width, 40);
  EXPECT_EQ(restored.height, 40);
  EXPECT_EQ(restored.rgb[0], 255);
  EXPECT_EQ(resolver->seen_width, 13);
  EXPECT_EQ(describe(degradation), "low resolution 3, white x4");
}

TEST(DegradedSet, AnImageHasItsOwnNoiseWhereverItsSetLies) {
  Degradation degradation;
  degradation.corruption = Corruption::noise;
  const DegradedSet here(made_up_set, degradation), there(std::make_shared<MadeUpSet>("elsewhere"), degradation);
  const DegradedSet backwards(made_up_set, degradation, {{1, true}, {0, true}});
  EXPECT_EQ(load_image(here, 0).rgb, load_image(there, 0).rgb);
  EXPECT_EQ(load_image(here, 0).rgb, load_image(backwards, 1).rgb);
  const Image same = original(0);
  EXPECT_NE(degrade(same, degradation, "ann/0.png").rgb, degrade(same, degradation, "ann/1.png").rgb);
  degradation.seed = 2;
  EXPECT_NE(load_image(DegradedSet(made_up_set, degradation), 0).rgb, load_image(here, 0).rgb);
}

TEST(DegradedSet, ThreadsReadTheSamePixels) {
  Degradation degradation;
  degradation.corruption = Corruption::occlusion;
  const DegradedSet set(made_up_set, degradation);
  std::vector<Image> found(4);
  {
    std::vector<std::jthread> threads;
    for (Image& image : found) threads.emplace_back([&] { image = load_image(set, 5); });
  }
  for (const Image& image : found) EXPECT_EQ(image.rgb, load_image(set, 5).rgb);
}

TEST(DegradedSet, TheFirstOfEveryPairAloneIsDegraded) {
  Degradation degradation;
  degradation.low_resolution = 4;
  PairSet set{
      .name = "set", .images = made_up_set, .pairs = {{0, 1, true}, {1, 0, true}, {0, 4, false}}, .fold = {0, 0, 1}};
  const PairSet worse = first_degraded(set, degradation);
  EXPECT_EQ(worse.name, "set");
  EXPECT_EQ(worse.fold, set.fold);
  ASSERT_EQ(worse.pairs.size(), 3);
  EXPECT_EQ(worse.images->size(), 5);  // 0 and 1 both ways, and 4
  for (size_t i = 0; i < set.pairs.size(); ++i) {
    EXPECT_EQ(worse.pairs[i].same, set.pairs[i].same);
    EXPECT_EQ(load_image(*worse.images, worse.pairs[i].a).rgb, reduce_and_enlarge(original(set.pairs[i].a), 4).rgb);
    EXPECT_EQ(load_image(*worse.images, worse.pairs[i].b).rgb, original(set.pairs[i].b).rgb);
    EXPECT_EQ(worse.images->label(worse.pairs[i].b), made_up_set->label(set.pairs[i].b));
  }
  EXPECT_EQ(worse.pairs[0].a, worse.pairs[2].a);
}

TEST(DegradedSet, PairsStayWhenBothSidesAreDegraded) {
  Degradation degradation;
  degradation.low_resolution = 2;
  const PairSet set{.name = "set", .images = made_up_set, .pairs = {{3, 1, false}}, .fold = {0}};
  const PairSet worse = degraded(set, degradation);
  EXPECT_EQ(worse.pairs[0].a, 3);
  for (const int64_t i : {1, 3}) EXPECT_EQ(load_image(*worse.images, i).rgb, reduce_and_enlarge(original(i), 2).rgb);
}

TEST(DegradedSet, AFactorThatLeavesNoPixelIsAUsageError) {
  Degradation degradation;
  degradation.low_resolution = 41;
  const DegradedSet set(made_up_set, degradation);
  try {
    set.read(0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
  }
  degradation.low_resolution = 0;
  EXPECT_THROW(DegradedSet(made_up_set, degradation).read(0), Error);
}

}  // namespace
}  // namespace facerec
