#include "facerec/recognize/identify.h"

#include <gmock/gmock.h>

#include "facerec/core/random.h"
#include "support/reference.h"

namespace facerec {
namespace {

using test::TemporaryFolder;

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

// A crop of noise of its own: with mean-subtracted pixels as embeddings no two people resemble each other.
Image portrait(uint64_t person) {
  Image image(112, 112);
  Random random("portrait", {person});
  for (uint8_t& value : image.rgb) value = static_cast<uint8_t>(random.below(256));
  return image;
}

class Identification : public testing::Test {
 protected:
  void enroll(const std::string& name, uint64_t person) {
    const Image picture = portrait(person);
    const EmbeddedFace face = embedder_.embed({&picture, 1}).front().faces.front();
    const std::string hash = std::string(63, '0') + std::to_string(person);
    gallery_.add(name, std::vector<EnrolledImage>{{name + ".png", hash, face.embedding, face.norm}});
  }

  std::vector<IdentifiedPicture> identify(const std::vector<Image>& pictures, double threshold = 0.5) {
    const GallerySearch search = [this](std::span<const float> queries, int64_t n, int64_t k) {
      return gallery_.search_people(queries, n, k);
    };
    return Identifier(embedder_, search, threshold, 2).identify(pictures);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Engine> engine_ = pixel_engine({});
  FaceEmbedder embedder_{*engine_, {}};
  Gallery gallery_ =
      Gallery::open_or_create(folder_.path() / "g", {engine_->identity().empty() ? "pixels" : engine_->identity(),
                                                     "pixels", "", embedder_.dimension(), EmbeddingRule::no_flip});
};

TEST_F(Identification, KnowsWhoIsEnrolledAndNobodyElse) {
  enroll("Ann", 1);
  enroll("Bo", 2);
  const std::vector<IdentifiedPicture> found = identify({portrait(2), portrait(3), portrait(1)});
  ASSERT_THAT(found, SizeIs(3));
  for (const IdentifiedPicture& picture : found) {
    ASSERT_THAT(picture.faces, SizeIs(1));
    ASSERT_THAT(picture.faces[0].candidates, SizeIs(2));
    EXPECT_GE(picture.faces[0].margin(), 0);
  }
  EXPECT_TRUE(found[0].faces[0].known);
  EXPECT_EQ(found[0].faces[0].candidates[0].person.name, "Bo");
  EXPECT_NEAR(found[0].faces[0].candidates[0].cosine, 1, 1e-5);
  EXPECT_FALSE(found[1].faces[0].known);
  EXPECT_EQ(found[2].faces[0].candidates[0].person.name, "Ann");
}

TEST_F(Identification, AThresholdIsReachedByWhatEqualsIt) {
  enroll("Ann", 1);
  const float cosine = identify({portrait(1)})[0].faces[0].candidates[0].cosine;
  EXPECT_TRUE(identify({portrait(1)}, cosine)[0].faces[0].known);
  EXPECT_FALSE(identify({portrait(1)}, std::nextafter(cosine, 2.0F))[0].faces[0].known);
}

TEST_F(Identification, NobodyIsKnownToAnEmptyGallery) {
  const std::vector<IdentifiedPicture> found = identify({portrait(1)}, -1);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_FALSE(found[0].faces[0].known);
  EXPECT_THAT(found[0].faces[0].candidates, IsEmpty());
}

TEST_F(Identification, WhoIsRemovedIsUnknown) {
  enroll("Ann", 1);
  enroll("Bo", 2);
  EXPECT_TRUE(identify({portrait(1)})[0].faces[0].known);
  gallery_.remove("Ann");
  EXPECT_FALSE(identify({portrait(1)})[0].faces[0].known);
}

}  // namespace
}  // namespace facerec
