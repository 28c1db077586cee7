#include "facerec/data/pairs.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "support/images.h"
#include "support/reference.h"
#include "unit/data/usage_error.h"

namespace facerec {
namespace {

using testing::HasSubstr;

class Pairs : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a/a_0001.png", "a/a_0002.png", "b/b_0001.png", "c d/x y.png"}) {
      test::write_png(folder_ / name, test::flat_image(8, 1, 2, 3));
    }
  }

  PairSet open(const std::string& list, bool skip_missing = false) {
    write_file(folder_ / "pairs.txt", list);
    return open_pairs(folder_.path(), folder_ / "pairs.txt", "set", skip_missing);
  }

  std::string error_of(const std::string& list) {
    try {
      open(list);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::usage);
      return error.what();
    }
    return "no error";
  }

  test::TemporaryFolder folder_;
};

TEST_F(Pairs, NamesThatAreTooLongForAFileAreAbsent) {
  const std::string name(300, 'n');
  EXPECT_THAT(error_of("1\n" + name + " 1 2\na 1 b 1\n"), HasSubstr("named in line 2"));
  EXPECT_EQ(open("1\n" + name + " 1 2\na 1 b 1\n", /*skip_missing=*/true).missing, 1);
}

TEST_F(Pairs, LfwForm) {
  const PairSet set = open("2\t1\na\t1\t2\na\t1\tb\t1\na\t2\t1\nb\t1\ta\t2\n");
  ASSERT_EQ(set.pairs.size(), 4U);
  EXPECT_EQ(set.fold, (std::vector<uint16_t>{0, 0, 1, 1}));
  EXPECT_TRUE(set.pairs[0].same);
  EXPECT_FALSE(set.pairs[1].same);
  EXPECT_EQ(set.images->size(), 3);
  EXPECT_THAT(set.images->name(set.pairs[1].b), HasSubstr("b/b_0001.png"));
}

TEST_F(Pairs, LfwFormWithoutFolds) { EXPECT_EQ(open("1\na 1 2\na 1 b 1\n").pairs.size(), 2U); }

TEST_F(Pairs, FlatForm) {
  const PairSet set = open("a/a_0001.png a/a_0002.png 1\r\na/a_0001.png b/b_0001.png 0\r\n");
  ASSERT_EQ(set.pairs.size(), 2U);
  EXPECT_TRUE(set.pairs[0].same);
  EXPECT_EQ(open("c d/x y.png\tb/b_0001.png\t0\n").images->size(), 2);
}

TEST_F(Pairs, AgeDbsListsSayMinusOneForDifferent) {
  const PairSet set = open("a/a_0001.png a/a_0002.png 1\na/a_0001.png b/b_0001.png -1\n");
  EXPECT_TRUE(set.pairs[0].same);
  EXPECT_FALSE(set.pairs[1].same);
}

TEST_F(Pairs, MayBeWithoutLabelsWhereThatIsAllowed) {
  const std::string list = "a/a_0001.png a/a_0002.png\na/a_0001.png b/b_0001.png\n";
  EXPECT_THAT(error_of(list), HasSubstr("line 1: no label"));
  write_file(folder_ / "pairs.txt", list);
  const PairSet set = open_pairs(folder_.path(), folder_ / "pairs.txt", "set", false, {.required = false});
  EXPECT_EQ(set.pairs.size(), 2U);
  EXPECT_FALSE(set.labelled);
}

TEST_F(Pairs, AnImageIsOfTheIdentityOfItsFolder) {
  const PairSet set = open("b/b_0001.png a/a_0002.png 0\na/a_0001.png b/b_0001.png 0\n");
  EXPECT_EQ(set.images->classes(), 2);
  EXPECT_EQ(set.images->class_name(set.images->label(0)), "b");
  EXPECT_EQ(set.images->label(1), set.images->label(2));
}

TEST_F(Pairs, SaysWhatIsWrong) {
  EXPECT_THAT(error_of(""), HasSubstr("holds no pairs"));
  EXPECT_THAT(error_of("2\t1\na\t1\t2\n"), HasSubstr("4 lines; 1 follow"));
  EXPECT_THAT(error_of("1\t1\na\t1\t2\t3\nb\t1\n"), HasSubstr("line 2: a same pair is"));
  EXPECT_THAT(error_of("1\t1\na\tx\t2\na\t1\tb\t1\n"), HasSubstr("'x' is not an image number"));
  EXPECT_THAT(error_of("a/a_0001.png b/b_0001.png 2\n"), HasSubstr("line 1: not of the form"));
  EXPECT_THAT(error_of("1\t1\na\t1\t9\na\t1\tb\t1\n"), HasSubstr("a/a_0009.jpg: named in line 2"));
}

TEST_F(Pairs, MissingImagesCanBeLeftOut) {
  const PairSet set = open("1\t1\na\t1\t9\na\t1\tb\t1\n", true);
  EXPECT_EQ(set.pairs.size(), 1U);
  EXPECT_EQ(set.missing, 1);
}

TEST_F(Pairs, NoListIsAnError) {
  EXPECT_THROW(open_pairs(folder_.path(), folder_ / "none.txt", "set"), Error);
  EXPECT_THROW(open_pairs(folder_ / "none", folder_ / "pairs.txt", "set"), Error);
}

TEST(LfwFold, OneFoldOfThePublishedListIsRead) {
  FACEREC_NEEDS_TEST_DATA();
  const fs::path data = test::test_data() / "data";
  const PairSet set = open_pairs(data / "lfw_fold1_aligned", data / "pairs_fold1.txt", "lfw");
  EXPECT_EQ(set.pairs.size(), 600U);
  EXPECT_EQ(set.images->size(), 807);
}

TEST_F(Pairs, LfwFormWithoutItsFirstLine) {
  const PairSet set = open("a\t1\t2\na\t2\t1\na\t1\tb\t1\nb\t1\ta\t2\n");
  ASSERT_EQ(set.pairs.size(), 4U);
  EXPECT_TRUE(set.pairs[1].same);
  EXPECT_FALSE(set.pairs[2].same);
  EXPECT_EQ(set.fold, (std::vector<uint16_t>{0, 0, 0, 0}));
}

TEST_F(Pairs, TwoLinesAPair) {
  const PairSet set = open("a/a_0001.png 3\na/a_0002.png 3\na/a_0001.png 0\nb/b_0001.png 0\n");
  ASSERT_EQ(set.pairs.size(), 2U);
  EXPECT_TRUE(set.pairs[0].same);
  EXPECT_FALSE(set.pairs[1].same);
  EXPECT_THAT(error_of("a/a_0001.png 3\na/a_0002.png 0\n"),
              HasSubstr("line 2: the two images of a pair have different"));
  EXPECT_THAT(error_of("a/a_0001.png 3\na/a_0002.png 3\na/a_0001.png 1\n"), HasSubstr("line 3: the second image"));
}

TEST_F(Pairs, RepeatedPairsAreCounted) {
  const PairSet set = open("a/a_0001.png a/a_0002.png 1\na/a_0002.png a/a_0001.png 1\na/a_0001.png b/b_0001.png 0\n");
  EXPECT_EQ(set.pairs.size(), 3U);
  EXPECT_EQ(set.repeated, 1);
}

TEST_F(Pairs, WhatContradictsItselfIsAnError) {
  EXPECT_THAT(error_of("a/a_0001.png a/a_0002.png 1\na/a_0002.png a/a_0001.png 0\n"),
              HasSubstr("as the same person and as different ones"));
}

class PairTable : public Pairs {
 protected:
  PairSet open(const std::string& table, const PairLabels& labels = {}) {
    write_file(folder_ / "pairs.csv", table);
    return open_pairs(folder_.path(), folder_ / "pairs.csv", "set", false, labels);
  }
  std::string error_of(const std::string& table) {
    return test::usage_error([&] { open(table); });
  }
};

TEST_F(PairTable, LabelsSayWhichAreTheSame) {
  const std::string table = "image1,image2,label\na/a_0001.png,a/a_0002.png,1\n\"c d/x y.png\",b/b_0001.png,0\n";
  const PairSet set = open(table);
  ASSERT_EQ(set.pairs.size(), 2U);
  EXPECT_TRUE(set.labelled);
  EXPECT_TRUE(set.pairs[0].same);
  EXPECT_FALSE(set.pairs[1].same);
  EXPECT_FALSE(open(table, {.one_is_same = false}).pairs[0].same);
}

TEST_F(PairTable, MayBeWithoutLabelsWhereThatIsAllowed) {
  for (const char* table :
       {"image1,image2\na/a_0001.png,b/b_0001.png\n", "img1,img2,label\na/a_0001.png,b/b_0001.png,\n"}) {
    EXPECT_FALSE(open(table, {.required = false}).labelled);
    EXPECT_THAT(error_of(table), HasSubstr("line 2: no label"));
  }
  EXPECT_THAT(test::usage_error([&] {
                open("image1,image2,label\na/a_0001.png,b/b_0001.png,\na/a_0001.png,b/b_0001.png,1\n",
                     {.required = false});
              }),
              HasSubstr("line 3: some pairs have a label"));
}

TEST_F(PairTable, SaysWhatIsWrong) {
  EXPECT_THAT(error_of("x,y\n1,2\n"), HasSubstr("image1 and image2"));
  EXPECT_THAT(error_of("image1,image2,label\na/a_0001.png,b/b_0001.png,yes\n"), HasSubstr("line 2: 'yes' is not"));
  EXPECT_THAT(error_of("image1,image2,label\na/a_0001.png,b/none.png,1\n"), HasSubstr("named in line 2"));
  EXPECT_THAT(error_of("image1,image2,label\na/a_0001.png,,1\n"), HasSubstr("line 2: an image is not named"));
}

}  // namespace
}  // namespace facerec
