// InsightFace's .bin: those that Python wrote, and those that try to break a reader.
#include "io/verification_pack.h"

#include <gmock/gmock.h>

#include <random>

#include "facerec/core/error.h"
#include "support/checkpoints.h"
#include "support/manifest.h"
#include "support/numpy_pickles.h"
#include "unit/io/allocations.h"

namespace facerec {
namespace {

using test::array;
using test::binary;
using test::dtype;
using test::list;
using test::little;
using test::tuple;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string text_of_image(const PackedImage& image) {
  const std::vector<std::byte> content = bytes_of(image);
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

std::string pack_error(const std::string& file) {
  try {
    for (const PackedImage& image : parse_verification_pack(bytes(file)).images) bytes_of(image);
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

std::string pack(const std::string& images, const std::string& flags) {
  return "\x80\x03" + tuple(list(images) + flags) + ".";
}

std::string scalar(const std::string& type, const std::string& data) {
  return test::global("numpy.core.multiarray", "scalar") + tuple(dtype(type) + data) + "R";
}

TEST(VerificationPack, ReadsTheGoldenPacks) {
  FACEREC_NEEDS_TEST_DATA();
  int packs = 0;
  for (const nlohmann::json& entry : test::manifest().at("good")) {
    if (entry.at("format") != "bin pickle") continue;
    ++packs;
    const MappedFile file(test::formats() / entry.at("path").get<std::string>());
    const VerificationPack pack = parse_verification_pack(file.bytes());
    EXPECT_EQ(pack.same, entry.at("issame").get<std::vector<bool>>()) << entry.at("path");
    std::vector<std::string> keys;
    for (const PackedImage& image : pack.images) keys.push_back(test::image_key(bytes_of(image)));
    EXPECT_EQ(keys, entry.at("image_keys").get<std::vector<std::string>>()) << entry.at("path");
  }
  EXPECT_EQ(packs, 10);
}

TEST(VerificationPack, ReferToTheFile) {
  const std::string file = pack(binary("one") + binary("two"), list("\x88"));
  const VerificationPack pack = parse_verification_pack(bytes(file));
  EXPECT_GE(pack.images.at(0).text.data(), file.data());
  EXPECT_LT(pack.images.at(0).text.data(), file.data() + file.size());
}

TEST(VerificationPack, ReadsFlagsOfEveryKind) {
  const std::string images = binary("a") + binary("b") + binary("c") + binary("d");
  const std::string one = binary("\1"), zero = binary("\0"s);
  for (const std::string& flags : {list("\x88\x89"), tuple("\x88\x89"), list("K\1K\0"s), list("I01\nI00\n"),
                                   list(scalar("b1", one) + scalar("?", zero)), array("b1", "K\2", binary("\1\0"s))}) {
    EXPECT_THAT(parse_verification_pack(bytes(pack(images, flags))).same, ElementsAre(true, false)) << flags;
  }
}

TEST(VerificationPack, RefusesOtherFlags) {
  const std::string images = binary("a") + binary("b");
  for (const std::string& flags :
       {list("K\2"), list("J\xFF\xFF\xFF\xFF"), list("N"), list(test::pickled(std::string_view("True"))),
        list(binary("\1")), list(scalar("b1", binary("\2"))), list(scalar("f8", binary("12345678"))),
        list(scalar("b1", "N")), array("u1", "K\1", binary("\1")), array("b1", "K\1K\1", binary("\1")),
        std::string("N"), std::string("}")}) {
    EXPECT_THAT(pack_error(pack(images, flags)), HasSubstr("flag")) << flags;
  }
}

TEST(VerificationPack, ReadsArraysOfBytes) {
  const std::string three = binary("xyz");
  for (const std::string& shape : {std::string("K\3"), std::string("K\3K\1"), std::string("K\1K\3")}) {
    const std::string file = pack(array("u1", shape, three) + three, list("\x88"));
    EXPECT_EQ(text_of_image(parse_verification_pack(bytes(file)).images[0]), "xyz");
  }
}

TEST(VerificationPack, RefusesOtherArrays) {
  const std::string eight = binary("12345678");
  const auto error = [&](const std::string& image) { return pack_error(pack(image + eight, list("\x88"))); };
  EXPECT_THAT(error(array("f8", "K\1", eight)), HasSubstr("image 0 as a NumPy array of type 'f8'"));
  EXPECT_THAT(error(array("u1", "K\2K\2K\2", eight)), HasSubstr("3 dimensions"));
  EXPECT_THAT(error(array("u1", "", binary("1"))), HasSubstr("0 dimensions"));
  for (const char* shape : {"K\x9", "K\x7", "J\xF8\xFF\xFF\xFF", "M\xFF\xFFM\xFF\xFF", "N",
                            "J\xFF\xFF\xFF\x7FJ\xFF\xFF\xFF\x7FJ\xFF\xFF\xFF\x7F"}) {
    EXPECT_THAT(error(array("u1", shape, eight)), HasSubstr("shape")) << shape;
  }
  EXPECT_THAT(error(array("u1", "K\x8", "N")), HasSubstr("without bytes"));
}

TEST(VerificationPack, TurnsLatin1IntoBytes) {
  const auto encode = [](const std::string& text) {
    return test::global("_codecs", "encode") + tuple(test::pickled(text) + test::pickled(std::string_view("latin1"))) +
           "R";
  };
  std::string text, expected;
  for (int byte = 0; byte < 256; ++byte) {
    expected += static_cast<char>(byte);
    if (byte >= 0x80) text += static_cast<char>(0xC0 | (byte >> 6));
    text += static_cast<char>(byte < 0x80 ? byte : 0x80 | (byte & 0x3F));
  }
  const std::string file = pack(encode(text) + array("u1", "M\0\1"s, encode(text)), list("\x88"));
  const VerificationPack pack_read = parse_verification_pack(bytes(file));
  EXPECT_EQ(text_of_image(pack_read.images[0]), expected);
  EXPECT_EQ(text_of_image(pack_read.images[1]), expected);
  EXPECT_THAT(pack_error(pack(encode("\xC4\x80") + binary("a"), list("\x88"))), HasSubstr("Latin-1"));
}

// A text that thousands of arrays name is not counted anew for each without end.
TEST(VerificationPack, CountsTextsWithinReason) {
  const std::string letters(100000, 'x');
  const std::string encoded = test::global("_codecs", "encode") +
                              tuple(test::pickled(letters) + test::pickled(std::string_view("latin1"))) + "Rq\5";
  std::string images = encoded;
  for (int i = 1; i < 3000; ++i) images += array("u1", "J" + little(int32_t{100000}), "h\5");
  EXPECT_THAT(pack_error(pack(images, list("\x88"))), HasSubstr("named too often"));
}

TEST(VerificationPack, RefusesEveryTruncation) {
  const std::string good = pack(binary("a") + array("u1", "K\2", binary("bc")), list("\x88"));
  ASSERT_EQ(pack_error(good), "no error");
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_NE(pack_error(good.substr(0, length)), "no error") << length;
  }
}

TEST(VerificationPack, SurvivesFlips) {
  const std::string good = pack(binary("a") + array("u1", "K\2", binary("bc")) + binary("d") + binary("e"),
                                list("\x88" + scalar("b1", binary("\1"))));
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string bad = good;
    for (int flips = 0; flips < 2; ++flips) bad[random() % bad.size()] = static_cast<char>(random());
    test::largest_allocation = 0;
    pack_error(bad);
    EXPECT_LT(test::largest_allocation, size_t{1} << 16);
  }
}

TEST(VerificationPackWriter, WritesWhatIsRead) {
  const test::TemporaryFolder folder;
  const std::string first("\xFF\0\xD8", 3), second(70000, 'x');
  {
    VerificationPackWriter writer(folder / "a.bin");
    for (const std::string& image : {first, second, second, first}) writer.add(bytes(image));
    EXPECT_FALSE(fs::exists(folder / "a.bin"));
    writer.finish({true, false});
  }
  const MappedFile file(folder / "a.bin");
  const VerificationPack pack = parse_verification_pack(file.bytes());
  EXPECT_THAT(pack.same, ElementsAre(true, false));
  ASSERT_EQ(pack.images.size(), 4U);
  EXPECT_EQ(text_of_image(pack.images[0]), first);
  EXPECT_EQ(text_of_image(pack.images[2]), second);
}

TEST(VerificationPackWriter, LeavesNothingWhenItStops) {
  const test::TemporaryFolder folder;
  VerificationPackWriter(folder / "a.bin").add(bytes("image"));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace facerec
