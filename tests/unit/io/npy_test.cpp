// .npy files: what NumPy writes, and what tries to break a reader.
#include "io/npy.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "facerec/core/files.h"
#include "support/checkpoints.h"
#include "support/manifest.h"

namespace facerec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::string npy(int version, const std::string& header, const std::string& data) {
  const std::string length = version == 1 ? test::little(static_cast<uint16_t>(header.size()))
                                          : test::little(static_cast<uint32_t>(header.size()));
  return "\x93NUMPY" + std::string{static_cast<char>(version), 0} + length + header + data;
}

NpyArray parse(const std::string& file) { return parse_npy(std::as_bytes(std::span(file))); }

std::string npy_error(const std::string& file) {
  try {
    parse(file);
  } catch (const Error& error) {
    EXPECT_TRUE(error.offset().has_value()) << error.what();
    return error.message();
  }
  return "no error";
}

TEST(Npy, ReadsTheGoldenLists) {
  FACEREC_NEEDS_TEST_DATA();
  for (const nlohmann::json& entry : test::manifest().at("good")) {
    if (entry.at("format") != "bcolz") continue;
    const std::string path = entry.at("path");
    const std::vector<std::byte> file = read_file(test::formats() / (path + "_list.npy"));
    const NpyArray array = parse_npy(file);
    EXPECT_EQ(array.dtype, "|b1");
    ASSERT_THAT(array.shape, ElementsAre(entry.at("pairs")));
    std::vector<bool> flags;
    for (const std::byte flag : array.data) flags.push_back(flag == std::byte{1});
    EXPECT_EQ(flags, entry.at("issame").get<std::vector<bool>>());
    EXPECT_EQ(npy_of(flags), file) << "ours is not the file that numpy.save writes";
  }
}

TEST(Npy, ReadsEveryVersionAndBasicType) {
  for (const int version : {1, 2, 3}) {
    const std::string file =
        npy(version, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}", std::string(24, 1));
    const NpyArray array = parse(file);
    EXPECT_EQ(array.dtype, "<f4");
    EXPECT_TRUE(array.fortran_order);
    EXPECT_THAT(array.shape, ElementsAre(2, 3));
    EXPECT_THAT(array.data, SizeIs(24));
  }
}

TEST(Npy, ReadsWhatOtherWritersSpellDifferently) {
  const std::string python2 = npy(1,
                                  R"({"shape": (2L,), "fortran_order": False, "descr": "|u1",}   )"
                                  "\n",
                                  "ab");
  EXPECT_THAT(parse(python2).shape, ElementsAre(2));
  const std::string scalar = npy(1, "{'descr': '<i8', 'fortran_order': False, 'shape': ()}", std::string(8, 0));
  EXPECT_THAT(parse(scalar).shape, SizeIs(0));
  const std::string empty = npy(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (3, 0)}", "");
  EXPECT_THAT(parse(empty).data, SizeIs(0));
}

TEST(Npy, WritesAListThatItReads) {
  for (const size_t count : {0, 1, 63, 1000}) {
    std::vector<bool> values(count);
    for (size_t i = 0; i < count; ++i) values[i] = i % 3 == 0;
    const std::vector<std::byte> file = npy_of(values);
    const NpyArray array = parse_npy(file);
    EXPECT_EQ((file.size() - count) % 64, 0U);
    ASSERT_EQ(array.data.size(), count);
    for (size_t i = 0; i < count; ++i) EXPECT_EQ(array.data[i] == std::byte{1}, values[i]);
  }
}

TEST(Npy, RefusesHeadersThatSayMoreThanALiteral) {
  const std::string start = "{'descr': '|b1', 'fortran_order': False, 'shape': ";
  for (const char* shape :
       {"(2+0,)", "(__import__('os').system('x'),)", "[2]", "(2,)**1", "(2", "2", "(True,)", "(2,,)"}) {
    EXPECT_NE(npy_error(npy(1, start + shape + "}", "ab")), "no error") << shape;
  }
  for (const char* header :
       {"", "{}", "{'descr': '|b1'}", "{'descr': '|b1', 'descr': '|b1', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '|b1', 'fortran_order': 0, 'shape': (2,)}",
        "{'descr': '|b\\x31', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'descr': '|b1', 'fortran_order': False, 'shape': (2,)} or 1"}) {
    EXPECT_NE(npy_error(npy(1, header, "ab")), "no error") << header;
  }
}

TEST(Npy, RefusesTypesThatAreNotBasic) {
  for (const char* type : {"'|O'", "'|O8'", "'<f'", "'<f4 '", "'<U3'", "'<M8'", "''", "'<f99'", "'f4'"}) {
    const std::string header = std::string("{'descr': ") + type + ", 'fortran_order': False, 'shape': (2,)}";
    EXPECT_THAT(npy_error(npy(1, header, "ab")), HasSubstr("type")) << type;
  }
  EXPECT_THAT(npy_error(npy(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", "")),
              HasSubstr("records"));
}

TEST(Npy, RefusesShapesThatDoNotFitTheData) {
  const std::string start = "{'descr': '<f4', 'fortran_order': False, 'shape': ";
  for (const char* shape :
       {"(3,)", "(1,)", "(4611686018427387905, 4)", "(9223372036854775807,)", "(99999999999999999999,)", "(-2,)",
        "(2, -1)", "(4294967296, 4294967296, 0, 9223372036854775807)"}) {
    EXPECT_NE(npy_error(npy(1, start + shape + "}", "12345678")), "no error") << shape;
  }
}

TEST(Npy, RefusesEveryTruncation) {
  const std::vector<std::byte> good = npy_of({true, false, true});
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_NE(npy_error(std::string(reinterpret_cast<const char*>(good.data()), length)), "no error") << length;
  }
}

}  // namespace
}  // namespace facerec
