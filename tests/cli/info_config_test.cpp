#include <gmock/gmock.h>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "facerec/image/image.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;

const std::string augmentation =
    "data.augment={crop: {probability: 1, resize: 36}, rotate: 0.3, flip: 0.5, color: 0.5, grayscale: 0.1, reduce: "
    "0.2, "
    "blur: 0.2, jpeg: 0.2, erase: 0.3}";

TEST(InfoConfig, TellsWhatATrainingWouldSee) {
  const TemporaryFolder folder;
  const Outcome outcome = facerec({"info", small_config(folder.path()), "--json", "--set",
                                   "data.sampler={name: pk, identities: 4, images: 4}", "--set", augmentation, "--set",
                                   "train.low_resolution={scale: 4, probability: 0.5}"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = outcome.json();
  EXPECT_EQ(json.at("kind"), "configuration");
  EXPECT_EQ(json.at("images"), 96);
  EXPECT_EQ(json.at("identities"), 12);
  EXPECT_EQ(json.at("images_per_identity").at("median"), 8);
  EXPECT_EQ(json.at("sets").at(0).at("images"), 96);
  EXPECT_EQ(json.at("sampler").at("batches"), 3);
  EXPECT_EQ(json.at("sampler").at("images"), 48);
  EXPECT_EQ(json.at("augmentation").at(0), "crop: 32x32 of the image at 36 pixels width, always");
  EXPECT_EQ(json.at("augmentation").at(2), "low_resolution: 1/4 of the sides, 50 % of the images");
  EXPECT_TRUE(json.at("attributes").empty());
}

TEST(InfoConfig, CountsTheValuesOfAttributes) {
  const TemporaryFolder folder;
  const Outcome outcome =
      facerec({"info", small_config(folder.path()), "--set", "task=attributes", "--set",
               "data.attributes=[{name: kind, pattern: '([a-z]+)$'}, {name: odd, pattern: '/[0-9]*([13579])[.]'}]"});
  ASSERT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("every image has the same value of the attribute 'kind'"));
  const Outcome odd = facerec({"info", small_config(folder.path()), "--json", "--set", "task=attributes", "--set",
                               "data.attributes=[{name: odd, pattern: '[0-9]*([13579])[.]'}]"});
  ASSERT_EQ(odd.exit_code, 0) << odd.err;
  const auto json = odd.json();
  EXPECT_FALSE(json.contains("identities"));
  int64_t images = json.at("attributes").at(0).at("missing");
  for (const auto& value : json.at("attributes").at(0).at("values")) images += value.at("images").get<int64_t>();
  EXPECT_EQ(images, 96);
}

TEST(InfoConfig, DrawsASheetOfAnImageARow) {
  const TemporaryFolder folder;
  const std::string sheet = folder / "sheet.png";
  const auto draw = [&] {
    const Outcome outcome = facerec({"info", small_config(folder.path()), "--set", augmentation, "--preview", sheet});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("preview        " + sheet));
    return decode_image(read_file(sheet));
  };
  const Image first = draw(), second = draw();
  EXPECT_GT(first.width, 12 * 32);
  EXPECT_GT(first.height, 8 * 32);
  EXPECT_EQ(first.rgb, second.rgb);
}

TEST(InfoConfig, WhatTrainWouldRefuseIsRefused) {
  const TemporaryFolder folder;
  const std::string config = small_config(folder.path());
  const auto told = [&](const std::string& setting) {
    const Outcome outcome = facerec({"info", config, "--set", setting});
    EXPECT_EQ(outcome.exit_code, 2) << setting;
    return outcome.err;
  };
  EXPECT_THAT(told("data.augment.crop={probability: 1, resize: 16}"), HasSubstr("too few to cut the input of 32x32"));
  EXPECT_THAT(told("data.augment.jpeg={probability: 1, quality: [90, 30]}"), HasSubstr("[90, 30] is reversed"));
  EXPECT_THAT(told("data.sampler={name: pk, identities: 4, images: 3}"), HasSubstr("a batch has 16 images"));
  EXPECT_THAT(told("data.sampler={name: pk, identities: 1, images: 16}"), HasSubstr("fewer than 16 images"));
  EXPECT_THAT(told("data.augment.flop=1"), HasSubstr("flop"));
}

TEST(InfoConfig, OptionsOfConfigurationsAreForThem) {
  const TemporaryFolder folder;
  const Outcome data = facerec({"info", small_faces() + "/train", "--preview", folder / "sheet.png"});
  EXPECT_EQ(data.exit_code, 2);
  EXPECT_THAT(data.err, HasSubstr("--preview are for a configuration"));
  const Outcome name = facerec({"info", small_config(folder.path()), "--preview", folder / "sheet.jpg"});
  EXPECT_EQ(name.exit_code, 2);
  EXPECT_THAT(name.err, HasSubstr("writes a PNG file"));
}

TEST(InfoConfig, DataOnTheCommandLineStandsInPlaceOfItsOwn) {
  const TemporaryFolder folder;
  const Outcome outcome = facerec({"info", small_config(folder.path()), "--data", "/absent"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("/absent"));
}

}  // namespace
}  // namespace facerec::test
