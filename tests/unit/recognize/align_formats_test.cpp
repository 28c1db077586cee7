// Any set that is read, into any that is written.
#include <gmock/gmock.h>

#include "facerec/data/pack.h"
#include "unit/data/usage_error.h"
#include "unit/recognize/made_up.h"

namespace facerec {
namespace {

using test::align;
using test::crops_in;
using test::MadeUpDetector;
using test::names_in;
using test::photograph;
using test::record_of;
using test::TemporaryFolder;
using test::to;
using test::usage_error;
using test::write_png;
using testing::ElementsAre;
using testing::HasSubstr;

void make_identities(const fs::path& folder) {
  write_png(folder / "anna/1.png", photograph(1));
  write_png(folder / "anna/2.png", photograph(2));
  write_png(folder / "ben/1.png", photograph(0));
  write_png(folder / "zoe/1.png", photograph(1));
}

std::shared_ptr<Dataset> open_images_of(const fs::path& path) {
  Problems problems;
  return open_images({path.string()}, "", problems);
}

TEST(AlignFormats, PackedSetsHoldTheCropsOfAFolder) {
  const TemporaryFolder folder;
  make_identities(folder / "in");
  align(folder / "in", folder / "out");
  const std::shared_ptr<Dataset> expected = open_images_of(folder / "out");
  for (const auto& [format, out] : {std::pair{"recordio", "rec"}, {"tfrecord", "a.tfrecord"}, {"list", "a.txt"}}) {
    const AlignSummary summary = align(folder / "in", folder / out, to(format));
    EXPECT_EQ(summary.counts.crops, 3) << format;
    const std::shared_ptr<Dataset> packed = open_images_of(folder / out);
    ASSERT_EQ(packed->size(), 3) << format;
    EXPECT_EQ(packed->classes(), 2) << format;
    for (int64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(packed->read(i).encoded, expected->read(i).encoded) << format;
      EXPECT_EQ(packed->label(i), expected->label(i)) << format;
    }
    EXPECT_EQ(record_of(summary, "ben/1.png").at("status"), "no_face") << format;
    EXPECT_FALSE(fs::exists(folder / (std::string(out) + ".align"))) << format;
  }
  EXPECT_EQ(open_images_of(folder / "rec")->relative_path(2), "zoe/1.png");
  EXPECT_TRUE(fs::exists(folder / "rec.align.json"));
  EXPECT_TRUE(fs::exists(folder / "a/align.json"));
}

// A detector that finds two faces, of which the smaller one cannot be cut from a reduced photograph.
class TwoSizes : public Detector {
 public:
  const std::string& name() const override { return name_; }
  std::vector<std::vector<Face>> detect(std::span<const Image> images) override {
    std::vector<std::vector<Face>> found;
    for (const Image& image : images) {
      found.emplace_back();
      for (const float size : {100.0F, 300.0F}) {
        Face face = test::made_up_face(0, image.width, image.height);
        const float x = face.box.x1, y = face.box.y1;
        face.box = {x, y, x + size, y + size};
        for (Point& point : face.landmarks) point = {x + (point.x - x) * size / 40, y + (point.y - y) * size / 40};
        found.back().push_back(face);
      }
    }
    return found;
  }

 private:
  std::string name_ = "made_up";
};

TEST(AlignFormats, PackedCropsOfLargePhotographsAreThoseOfAFolder) {
  const TemporaryFolder folder;
  write_png(folder / "in/anna/1.png", photograph(1, 2400, 2400));
  for (const char* format : {"folder", "tfrecord"}) {
    AlignOptions options = to(format);
    options.selection.faces = FaceChoice::all;
    options.selection.min_size = 160;
    options.crop = {256, 256, 0};
    const std::string out = std::string("out.") + format;
    align(folder / "in", folder / out, options, [] { return std::make_unique<TwoSizes>(); });
  }
  const std::shared_ptr<Dataset> expected = open_images_of(folder / "out.folder"),
                                 packed = open_images_of(folder / "out.tfrecord");
  ASSERT_EQ(expected->size(), 2);
  ASSERT_EQ(packed->size(), 2);
  for (int64_t i = 0; i < 2; ++i) EXPECT_EQ(packed->read(i).encoded, expected->read(i).encoded) << i;
}

TEST(AlignFormats, ImagesOfNobodyCannotBePacked) {
  const TemporaryFolder folder;
  make_identities(folder / "in");
  write_png(folder / "in/group.png", photograph(3));
  const AlignSummary summary = align(folder / "in", folder / "rec", to("recordio"));
  EXPECT_EQ(open_images_of(folder / "rec")->size(), 3);
  EXPECT_EQ(record_of(summary, "group.png").at("reason"), "its path does not tell who is in it");
}

TEST(AlignFormats, RecordsGoToFoldersAndBack) {
  const TemporaryFolder folder;
  make_identities(folder / "in");
  PackOptions pack;
  pack.format = "recordio";
  pack_training_set({(folder / "in").string()}, "", folder / "rec", pack, {});
  align(folder / "rec", folder / "out");
  EXPECT_THAT(names_in(folder / "out"), ElementsAre("anna/1.png", "anna/2.png", "zoe/1.png"));
  align(folder / "in", folder / "direct");
  EXPECT_EQ(crops_in(folder / "out"), crops_in(folder / "direct"));
}

TEST(AlignFormats, ListsTellWhatTheyCouldNotUse) {
  const TemporaryFolder folder;
  make_identities(folder / "in");
  write_file(folder / "list.txt", "in/anna/1.png 7\nin/zoe/1.png 9\nin/absent.png 9\n");
  const AlignSummary summary = align(folder / "list.txt", folder / "out");
  EXPECT_EQ(summary.counts.images, 2);
  EXPECT_EQ(summary.left_out, 1);
  EXPECT_THAT(test::summary_of(summary).at("left_out").at("first").at(0).at("reason").get<std::string>(),
              HasSubstr("absent.png"));
}

TEST(AlignFormats, ImagesOfAListAreNotReplacedByTheirCrops) {
  const TemporaryFolder folder;
  make_identities(folder / "in");
  align(folder / "in", folder / "out");
  write_file(folder / "list.txt", "out/anna/1.png 7\nout/zoe/1.png 9\n");
  AlignOptions force;
  force.force = true;
  EXPECT_THAT(usage_error([&] { align(folder / "list.txt", folder / "out", force); }), HasSubstr("inside the output"));
  EXPECT_TRUE(fs::exists(folder / "out/anna/1.png"));
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "in.txt", to("list")); }), HasSubstr("lies inside"));
}

TEST(AlignFormats, OnlyWhatTheUserPicks) {
  const TemporaryFolder folder;
  for (const char* path : {"High/19062421/S001/L1/E01/C1.png", "High/19062421/S001/L2/E01/C1.png"}) {
    write_png(folder / "in" / path, photograph(1));
  }
  AlignInput input;
  input.set.path = (folder / "in").string();
  input.set.label.by = "kface";
  input.set.where["light"] = "L2";
  AlignOptions options;
  align_images(input, folder / "out", options, test::made_up(), {});
  EXPECT_THAT(names_in(folder / "out"), ElementsAre("High/19062421/S001/L2/E01/C1.png"));
}

TEST(AlignFormats, AllFacesOfAnImageAreOfItsIdentity) {
  const TemporaryFolder folder;
  make_identities(folder / "in");
  AlignOptions options = to("tfrecord");
  options.selection.faces = FaceChoice::all;
  align(folder / "in", folder / "a.tfrecord", options);
  const std::shared_ptr<Dataset> packed = open_images_of(folder / "a.tfrecord");
  ASSERT_EQ(packed->size(), 4);
  EXPECT_EQ(packed->relative_path(2), "anna/2_1.png");
  EXPECT_EQ(packed->label(2), packed->label(0));
}

TEST(AlignFormats, JpegIsKeptInPackedSets) {
  const TemporaryFolder folder;
  make_identities(folder / "in");
  AlignOptions options = to("recordio");
  options.jpeg_quality = 95;
  options.crop = {96, 112, 0};
  align(folder / "in", folder / "rec", options);
  const std::vector<std::byte> encoded = open_images_of(folder / "rec")->read(0).encoded;
  const ImageHeader header = probe_image(encoded);
  EXPECT_EQ(header.format, ImageFormat::jpeg);
  EXPECT_EQ(header.width, 96);
  EXPECT_EQ(header.height, 112);
}

TEST(AlignFormats, AnInterruptedPackedSetGoesOn) {
  const TemporaryFolder folder;
  for (int i = 0; i < 40; ++i) write_png(folder / ("in/anna/" + std::to_string(i) + ".png"), photograph(1));
  align(folder / "in", folder / "whole.tfrecord", to("tfrecord"));
  const auto left = std::make_shared<std::atomic<int>>(20);
  AlignOptions options = to("tfrecord");
  EXPECT_THROW(
      align(folder / "in", folder / "a.tfrecord", options, [&] { return std::make_unique<MadeUpDetector>(left); }),
      std::runtime_error);
  EXPECT_FALSE(fs::exists(folder / "a.tfrecord"));
  options.resume = true;
  align(folder / "in", folder / "a.tfrecord", options);
  EXPECT_EQ(read_text(folder / "a.tfrecord"), read_text(folder / "whole.tfrecord"));
  EXPECT_TRUE(align(folder / "in", folder / "a.tfrecord", options).already_there);
}

TEST(AlignFormats, APackedSetIsReplacedByForceAlone) {
  const TemporaryFolder folder;
  make_identities(folder / "in");
  align(folder / "in", folder / "rec", to("recordio"));
  fs::remove_all(folder / "in/zoe");
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "rec", to("recordio")); }), HasSubstr("--force"));
  AlignOptions force = to("recordio");
  force.force = true;
  align(folder / "in", folder / "rec", force);
  EXPECT_EQ(open_images_of(folder / "rec")->size(), 2);
  fs::create_directory(folder / "mine");
  write_file(folder / "mine/thesis.txt", "x");
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "mine", force); }), HasSubstr("has not written"));
  EXPECT_FALSE(fs::exists(folder / "mine.align"));
}

TEST(AlignFormats, ASetOfNobodyIsNotPackedAndTheHintHelps) {
  const TemporaryFolder folder;
  write_png(folder / "in/1.png", photograph(1));
  try {
    align(folder / "in", folder / "a.txt", to("list"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("1.png for one: its path does not tell who is in it"));
    EXPECT_THAT(error.hint(), HasSubstr("--label"));
  }
}

TEST(AlignFormats, ASetWithoutAnyFaceIsNotPacked) {
  const TemporaryFolder folder;
  write_png(folder / "in/a/1.png", photograph(0));
  try {
    align(folder / "in", folder / "rec", to("recordio"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no image of it gave a crop, a/1.png for one: no face found"));
  }
  EXPECT_FALSE(fs::exists(folder / "rec"));
}

}  // namespace
}  // namespace facerec
