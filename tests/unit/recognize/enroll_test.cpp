// Enrolment, with grey pixels as embeddings.
#include "facerec/recognize/enroll.h"

#include <gmock/gmock.h>

#include "facerec/core/random.h"
#include "facerec/model/preprocess.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;

constexpr int side = 16;

Image noise(uint64_t seed, int contrast = 255) {
  Random random("enroll_test", {seed});
  Image image(side, side);
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    const auto grey =
        static_cast<uint8_t>(128 - contrast / 2 + static_cast<int>(random.below(static_cast<uint64_t>(contrast))));
    image.rgb[i] = image.rgb[i + 1] = image.rgb[i + 2] = grey;
  }
  return image;
}

class EnrollTest : public testing::Test {
 protected:
  void put(const std::string& place, const Image& image) const {
    make_folder((folder_ / ("in/" + place)).parent_path());
    write_file(folder_ / ("in/" + place), encode_png(image));
  }

  EnrollSummary enroll_all(const std::string& name = "") {
    FaceEmbedder embedder(*engine_, {});
    return enroll(gallery_, embedder, {{open_image_tree(folder_ / "in"), name}}, 1);
  }

  const TemporaryFolder folder_;
  const std::unique_ptr<Engine> engine_ = pixel_engine([] {
    Preprocess preprocess;
    preprocess.width = preprocess.height = side;
    return preprocess;
  }());
  Gallery gallery_ =
      Gallery::open_or_create(folder_ / "gallery", {.identity = "pixels", .dimension = engine_->spec().embedding_size});
};

TEST_F(EnrollTest, ASecondCallChangesNothingAndTakesWhatIsNew) {
  put("a/1.png", noise(1));
  put("b/1.png", noise(2));
  EXPECT_EQ(enroll_all().enrolled, 2);
  const int64_t generation = gallery_.generation();
  EXPECT_EQ(enroll_all().already, 2);
  EXPECT_EQ(gallery_.generation(), generation);
  put("a/2.png", noise(3));
  const EnrollSummary third = enroll_all();
  EXPECT_EQ(third.images, 3);
  EXPECT_EQ(third.enrolled, 1);
  EXPECT_EQ(gallery_.find("a")->images, 2);
}

TEST_F(EnrollTest, OneImageTwiceInOneCall) {
  put("a/1.png", noise(1));
  put("a/2.png", noise(1));
  put("b/1.png", noise(1));
  const EnrollSummary summary = enroll_all();
  EXPECT_EQ(summary.enrolled, 1);
  EXPECT_EQ(summary.already, 1);
  ASSERT_EQ(summary.left_out.size(), 1U);
  EXPECT_EQ(summary.left_out[0].reason, "the same image is enrolled for 'a'");
}

TEST_F(EnrollTest, ImagesWithoutAPersonNeedAName) {
  put("1.png", noise(1));
  const EnrollSummary summary = enroll_all();
  ASSERT_EQ(summary.left_out.size(), 1U);
  EXPECT_THAT(summary.left_out[0].reason, HasSubstr("--name"));
  EXPECT_EQ(enroll_all("Jo Do").enrolled, 1);
  EXPECT_EQ(gallery_.people().at(0).name, "Jo Do");
}

TEST_F(EnrollTest, AnImageNearerToAnotherThanToItsOwnIsTold) {
  for (const uint64_t seed : {1, 2}) put("a/" + std::to_string(seed) + ".png", noise(seed));
  put("b/1.png", noise(3));
  EXPECT_TRUE(enroll_all().warnings.empty());
  Image nearly = noise(3);
  nearly.rgb[0] = nearly.rgb[1] = nearly.rgb[2] = 0;
  put("a/3.png", nearly);
  const EnrollSummary summary = enroll_all();
  EXPECT_EQ(summary.enrolled, 1);
  ASSERT_EQ(summary.warnings.size(), 1U);
  EXPECT_THAT(summary.warnings[0].image, HasSubstr("a/3.png"));
  EXPECT_THAT(summary.warnings[0].reason, HasSubstr("looks like 'b'"));
}

TEST_F(EnrollTest, ALowNormIsTold) {
  for (uint64_t i = 0; i < 9; ++i) put("a/" + std::to_string(i) + ".png", noise(i, i == 4 ? 20 : 255));
  const EnrollSummary summary = enroll_all();
  EXPECT_EQ(summary.enrolled, 9);
  ASSERT_EQ(summary.warnings.size(), 1U);
  EXPECT_THAT(summary.warnings[0].image, HasSubstr("a/4.png"));
}

}  // namespace
}  // namespace facerec::test
