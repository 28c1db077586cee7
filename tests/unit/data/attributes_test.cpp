#include "facerec/data/attributes.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "support/images.h"
#include "support/manifest.h"

namespace facerec {
namespace {

using test::flat_image;
using test::TemporaryFolder;
using test::write_png;
using testing::ElementsAre;
using testing::HasSubstr;

AttributeConfig pattern(const char* name, const char* expression) { return {name, expression, "", ""}; }
AttributeConfig column(const char* name, const char* file, const char* title) { return {name, "", file, title}; }

// Images as K-Face names them, below a folder whose own name would match a careless pattern.
class Attributes : public testing::Test {
 protected:
  Attributes() {
    for (const char* path : {"1/E02/C7.png", "1/E01/C10.png", "2/E01/C7.png", "2/other.png", "top.png"}) {
      write_png(root() / path, flat_image(4, 1, 2, 3));
    }
    config.root = folder.path().string();
    config.train = {{"C3_E9"}};
  }

  fs::path root() const { return folder / "C3_E9"; }
  std::vector<Attribute> read(const std::vector<Attribute>& known = {}) const {
    return read_attributes(config, *open_training_images(config).images, known);
  }
  void write_table(const char* name, const std::string& text) const { write_file(folder / name, text); }

  // The key and the text of the usage Error.
  std::pair<std::string, std::string> refusal() const {
    try {
      read();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::usage) << error.what();
      return {error.key(), error.what()};
    }
    return {"nothing", ""};
  }

  const TemporaryFolder folder;
  DataConfig config;
};

TEST_F(Attributes, AreFoundByPatternBelowTheFolderOfTheSet) {
  config.attributes = {pattern("expression", "(E[0-9]+)"), pattern("camera", "(E[0-9]+)?/(?P<value>C[0-9]+)\\.png")};
  const auto attributes = read();
  ASSERT_EQ(attributes.size(), 2U);
  EXPECT_EQ(attributes[0].name, "expression");
  EXPECT_THAT(attributes[0].values, ElementsAre("E01", "E02"));
  EXPECT_THAT(attributes[0].labels, ElementsAre(0, 1, 0, -1, -1));  // 1/E01/C10, 1/E02/C7, 2/E01/C7, 2/other, top
  EXPECT_THAT(attributes[1].values, ElementsAre("C10", "C7"));
  EXPECT_THAT(attributes[1].labels, ElementsAre(0, 1, 1, -1, -1));
}

TEST_F(Attributes, AreReadFromATableByPathOrByNameOfAFile) {
  write_table("a.csv", "note,file,mood\nx,1/E02/C7.png,glad\nx,C3_E9/2/E01/C7.png,sad\nx,other.png,glad\nx,top.png,\n");
  config.attributes = {column("mood", "a.csv", "mood")};
  const auto attributes = read();
  EXPECT_THAT(attributes[0].values, ElementsAre("glad", "sad"));
  EXPECT_THAT(attributes[0].labels, ElementsAre(-1, 0, 1, 0, -1));
}

TEST_F(Attributes, ARowThatFitsTwoImagesIsRefused) {
  write_table("a.csv", "file,mood\nC7.png,glad\nC10.png,sad\n");
  config.attributes = {column("mood", "a.csv", "mood")};
  const auto [key, text] = refusal();
  EXPECT_EQ(key, "data.attributes.0.column");
  EXPECT_THAT(text, HasSubstr("one row would be about two images"));
  EXPECT_THAT(text, HasSubstr("a.csv"));
}

TEST_F(Attributes, ATableToTrainOnHoldsThem) {
  write_table("faces.csv", "img,who,age\nC3_E9/1/E02/C7.png,1,old\nC3_E9/2/other.png,2,young\nC3_E9/top.png,2,\n");
  config.train = {{"faces.csv"}};
  config.train[0].columns = {"img", "who"};
  config.attributes = {column("age", "", "age")};
  EXPECT_THAT(read()[0].labels, ElementsAre(0, 1, -1));
}

TEST_F(Attributes, HaveTheNumbersOfTraining) {
  config.attributes = {pattern("expression", "(E[0-9]+)")};
  EXPECT_THAT(read({{"expression", {"E00", "E01", "E02"}, {}}})[0].labels, ElementsAre(1, 2, 1, -1, -1));
  EXPECT_THAT(read({{"expression", {"E00", "E01", "E02"}, {}}})[0].values, ElementsAre("E00", "E01", "E02"));
  try {
    read({{"expression", {"E01", "E03"}, {}}});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.file(), HasSubstr("1/E02/C7.png"));
    EXPECT_THAT(error.message(), HasSubstr("'E02' is no value of the attribute 'expression'"));
  }
}

TEST_F(Attributes, OneKnownValueIsEnoughForValidation) {
  config.attributes = {pattern("camera", "(C10)")};
  EXPECT_THAT(read({{"camera", {"C10", "C7"}, {}}})[0].labels, ElementsAre(0, -1, -1, -1, -1));
}

TEST_F(Attributes, WhatIsNoAttributeIsRefusedByKey) {
  const auto refused = [&](std::vector<AttributeConfig> attributes) {
    config.attributes = std::move(attributes);
    return refusal().first;
  };
  write_table("a.csv", "file,mood,same\n1/E02/C7.png,glad,x\nother.png,sad,x\n");
  const std::string first = "data.attributes.0.";
  EXPECT_EQ(refused({}), "data.attributes");
  EXPECT_EQ(refused({pattern("", "(E[0-9]+)")}), first + "name");
  EXPECT_EQ(refused({pattern("a", "(E[0-9]+)"), pattern("a", "(C[0-9]+)")}), "data.attributes.1.name");
  EXPECT_EQ(refused({pattern("a", "")}), first + "pattern");
  EXPECT_EQ(refused({AttributeConfig{"a", "(E)", "", "mood"}}), first + "column");
  EXPECT_EQ(refused({pattern("a", "(E")}), first + "pattern");
  EXPECT_EQ(refused({pattern("a", "E[0-9]+")}), first + "pattern");
  EXPECT_EQ(refused({pattern("a", "(nowhere)")}), first + "pattern");
  EXPECT_EQ(refused({pattern("a", "(E01)")}), first + "pattern");
  EXPECT_EQ(refused({column("a", "", "mood")}), first + "file");
  EXPECT_EQ(refused({column("a", "absent.csv", "mood")}), first + "file");
  EXPECT_EQ(refused({column("a", "a.csv", "absent")}), first + "column");
  EXPECT_EQ(refused({column("a", "a.csv", "same")}), first + "column");
  write_table("a.csv", "file,mood\n1/E02/C7.png,glad\n./1/E02/C7.png,sad\n");
  EXPECT_EQ(refused({column("a", "a.csv", "mood")}), first + "column");
}

TEST_F(Attributes, ImagesWithoutIdentitiesAreTrainedOnToo) {
  config.min_images = 5;
  EXPECT_EQ(open_training_images(config).images->size(), 5);
  config.train = {{"C3_E9/2"}};
  const TrainingSet flat = open_training_images(config);
  EXPECT_EQ(flat.images->size(), 2);
  ASSERT_EQ(flat.shares.size(), 1U);
  EXPECT_EQ(flat.shares[0].count, 2);
  config.train = {{""}};
  EXPECT_THROW(open_training_images(config), Error);
}

}  // namespace
}  // namespace facerec
