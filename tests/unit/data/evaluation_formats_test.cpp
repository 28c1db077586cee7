// Evaluation sets as they are published: what is read, written, and refused.
#include "data/evaluation_formats.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "io/bcolz.h"
#include "io/npy.h"
#include "support/images.h"
#include "support/manifest.h"
#include "unit/io/allocations.h"

namespace facerec {
namespace {

using nlohmann::json;
using test::TemporaryFolder;
using testing::EndsWith;
using testing::HasSubstr;

void expect_pairs_in_order(const PairSet& set, const json& expected) {
  const auto same = expected.at("issame").get<std::vector<bool>>();
  ASSERT_EQ(set.pairs.size(), same.size());
  EXPECT_EQ(set.images->size(), expected.at("images"));
  EXPECT_EQ(set.fold, std::vector<uint16_t>(same.size()));
  for (size_t k = 0; k < same.size(); ++k) {
    EXPECT_EQ(set.pairs[k].a, 2 * k);
    EXPECT_EQ(set.pairs[k].b, 2 * k + 1);
    EXPECT_EQ(set.pairs[k].same, same[k]) << k;
  }
}

std::vector<fs::path> good_sets(const std::string& format) {
  std::vector<fs::path> paths;
  for (const json& entry : test::manifest().at("good")) {
    if (entry.at("format") == format) paths.push_back(entry.at("path").get<std::string>());
  }
  return paths;
}

TEST(VerificationPackSet, HasThePublishedPairsAndPixels) {
  FACEREC_NEEDS_TEST_DATA();
  for (const fs::path& path : good_sets("bin pickle")) {
    const json& expected = test::manifest_of(path);
    ASSERT_TRUE(is_verification_pack(test::formats() / path));
    const PairSet set = open_verification_pack(test::formats() / path, "lfw");
    EXPECT_EQ(set.name, "lfw");
    expect_pairs_in_order(set, expected);
    EXPECT_THAT(set.images->name(12), EndsWith(path.filename().string() + "#12"));
    for (int64_t i = 0; i < set.images->size(); ++i) {
      const Image image = load_image(*set.images, i);
      ASSERT_EQ(image.width, 112);
      test::expect_pixels(image, expected.at("image_keys").at(static_cast<size_t>(i)));
    }
  }
}

// The array that the pixels came from: (x/255 − 0.5)/0.5 as float32 [3,112,112], BGR.
std::vector<float> planes_of(const Image& image) {
  std::vector<float> planes;
  for (const size_t channel : {2, 1, 0}) {
    for (size_t i = channel; i < image.rgb.size(); i += 3) {
      planes.push_back((static_cast<float>(image.rgb[i]) / 255.0F - 0.5F) / 0.5F);
    }
  }
  return planes;
}

TEST(BcolzSet, HasThePublishedPairsAndPixels) {
  FACEREC_NEEDS_TEST_DATA();
  for (const fs::path& path : good_sets("bcolz")) {
    const json& expected = test::manifest_of(path);
    ASSERT_TRUE(is_bcolz(test::formats() / path));
    const PairSet set = open_bcolz(test::formats() / path, "lfw");
    expect_pairs_in_order(set, expected);
    std::vector<float> all;
    for (int64_t i = 0; i < set.images->size(); ++i) {
      const std::vector<float> planes = planes_of(load_image(*set.images, i));
      all.insert(all.end(), planes.begin(), planes.end());
    }
    EXPECT_EQ(test::sha256(std::as_bytes(std::span(all))), expected.at("sha256_float32")) << path;
  }
}

TEST(BcolzSet, IsReadFromSeveralThreads) {
  FACEREC_NEEDS_TEST_DATA();
  const PairSet set = open_bcolz(test::formats() / "bcolz/lfw/", "lfw");  // with its slash
  EXPECT_THAT(set.images->name(12), EndsWith("bcolz/lfw#12"));
  std::vector<Image> alone(40);
  for (size_t i = 0; i < alone.size(); ++i) alone[i] = load_image(*set.images, static_cast<int64_t>(i));
  parallel_for(400, 8, [&](int64_t i) {
    const Image image = load_image(*set.images, i % 40);
    if (image.rgb != alone[static_cast<size_t>(i % 40)].rgb) throw Error("a thread read other pixels");
  });
}

TEST(EvaluationFormats, AreToldApart) {
  FACEREC_NEEDS_TEST_DATA();
  const fs::path formats = test::formats();
  EXPECT_FALSE(is_verification_pack(formats / "bcolz/lfw"));
  EXPECT_FALSE(is_verification_pack(formats / "bin"));
  EXPECT_FALSE(is_verification_pack(formats / "bin/absent.bin"));
  EXPECT_FALSE(is_verification_pack(formats / "recordio/train.rec"));
  EXPECT_FALSE(is_bcolz(formats / "bin/lfw_p4.bin"));
  EXPECT_FALSE(is_bcolz(formats / "folder"));
  EXPECT_FALSE(is_bcolz(formats / "absent"));
}

// ---- Damaged sets

struct Outcome {
  std::string what;  // "" when all images were read
  std::string message;
  std::optional<uint64_t> offset;
};

Outcome read_all(const fs::path& path) {
  try {
    const PairSet set = path.extension() == ".bin" ? open_verification_pack(path, "x") : open_bcolz(path / "lfw", "x");
    for (int64_t i = 0; i < set.images->size(); ++i) load_image(*set.images, i);
    return {};
  } catch (const Error& error) {
    EXPECT_THAT(error.file(), HasSubstr(path.string())) << error.what();
    return {error.what(), error.message(), error.offset()};
  }
}

// What a reader may accept, as the manifest says; of those, what this one does.
const std::set<std::string> accepted{"trailing_bytes.bin", "root_list.bin", "memo_put_huge.bin",
                                     "jpeg_not_112.bin",   "blp_trailing",  "meta_json_duplicate"};

class Damaged : public testing::TestWithParam<const char*> {};

TEST_P(Damaged, IsRefusedByName) {
  FACEREC_NEEDS_TEST_DATA();
  const fs::path sign = "/tmp/PWNED_FACEREC";
  ASSERT_FALSE(fs::exists(sign));
  const std::vector<fs::path> cases = test::corrupt(GetParam());
  EXPECT_GT(cases.size(), 60U);
  for (const fs::path& path : cases) {
    const std::string name = path.filename().string();
    test::largest_allocation = 0;
    const auto start = std::chrono::steady_clock::now();
    const Outcome outcome = read_all(path);
    EXPECT_EQ(outcome.what.empty(), accepted.contains(name)) << name << ": " << outcome.what;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2)) << name;
    EXPECT_LT(test::largest_allocation, size_t{4} << 20) << name;
    EXPECT_FALSE(fs::exists(sign)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Set, Damaged, testing::Values("bin", "bcolz"),
                         [](const auto& test) { return std::string(test.param); });

struct Fault {
  const char *path, *message;
  std::optional<uint64_t> offset;
};

class DamagedSet : public testing::TestWithParam<Fault> {};

TEST_P(DamagedSet, SaysWhatIsWrong) {
  FACEREC_NEEDS_TEST_DATA();
  const Outcome outcome = read_all(test::formats() / "corrupt" / GetParam().path);
  EXPECT_THAT(outcome.what, HasSubstr(GetParam().message));
  if (GetParam().offset.has_value()) {
    EXPECT_EQ(outcome.offset, GetParam().offset) << outcome.what;
  }
}

INSTANTIATE_TEST_SUITE_P(Set, DamagedSet,
                         testing::Values(Fault{"bin/inst_os_system.bin", "calls 'os.system'", {}},
                                         Fault{"bin/obj_os_system.bin", "calls 'os.system'", {}},
                                         Fault{"bin/os_system_among_images.bin", "calls 'posix.system'", {}},
                                         Fault{"bin/odd_images.bin", "3 images and 1 flags", {}},
                                         Fault{"bin/jpeg_truncated.bin", "jpeg_truncated.bin#1", {}},
                                         Fault{"bin/numpy_3d_pixels.bin", "raw pixels are not read", {}},
                                         Fault{"bin/numpy_float64.bin", "'f8', not of the bytes (uint8)", {}},
                                         Fault{"bcolz/blp_truncated", "__0.blp", 16 + 12},
                                         Fault{"bcolz/blp_last_missing", "data/__1.blp", {}},
                                         Fault{"bcolz/blosc_both_shuffles", "two ways", 16 + 2},
                                         Fault{"bcolz/bstarts_max", "a block begins outside of it", 32 + 4},
                                         Fault{"bcolz/bstarts_in_table", "a block begins outside of it", 32 + 4},
                                         Fault{"bcolz/meta_dtype_uint8", "only float32 is read", {}},
                                         Fault{"bcolz/meta_shape_channels", "[2N, 3, 112, 112]", {}},
                                         Fault{"bcolz/list_values_not_bool", "_list.npy", 128},
                                         Fault{"bcolz/list_count_wrong", "5 pairs, and the array 4 images", {}}),
                         [](const auto& test) {
                           std::string name = test.param.path;
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

// ---- Values of a bcolz array

constexpr size_t row_numbers = size_t{3} * 112 * 112;

// A set of one pair, of which one number is `value` and all others 0.
fs::path set_with(const TemporaryFolder& folder, float value) {
  std::vector<float> numbers(2 * row_numbers);
  numbers[row_numbers] = value;  // blue, of the first pixel of image 1
  fs::create_directories(folder / "lfw/data");
  write_file(folder / "lfw/data/__0.blp", carray_chunk_of(numbers, row_numbers));
  write_carray_meta(folder / "lfw", {{2, 3, 112, 112}, 7}, 0);
  write_file(folder / "lfw_list.npy", npy_of({true}));
  return folder / "lfw";
}

TEST(BcolzSet, RoundsNumbersToPixels) {
  const TemporaryFolder folder;
  for (const auto& [number, pixel] :
       {std::pair{-1.0F, 0}, std::pair{1.0F, 255}, std::pair{-1.0035F, 0}, std::pair{1.0035F, 255},
        std::pair{0.0F, 128}, std::pair{0.5F, 191}, std::pair{-0.0039F, 127}}) {
    const Image image = load_image(*open_bcolz(set_with(folder, number), "x").images, 1);
    EXPECT_EQ(image.rgb[2], pixel) << number;
  }
}

TEST(BcolzSet, RefusesNumbersThatAreNotOfPixels) {
  const TemporaryFolder folder;
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float number : {-1.006F, 1.006F, 255.0F, infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
    const PairSet set = open_bcolz(set_with(folder, number), "x");
    EXPECT_NO_THROW(load_image(*set.images, 0));
    try {
      load_image(*set.images, 1);
      ADD_FAILURE() << number;
    } catch (const Error& error) {
      EXPECT_THAT(error.file(), EndsWith("lfw/data/__0.blp"));
      EXPECT_THAT(error.message(), HasSubstr("image 1"));
    }
  }
}

TEST(BcolzSet, RefusesOtherShapes) {
  const TemporaryFolder folder;
  const fs::path path = set_with(folder, 0);
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2, 3, 128, 128},
                                            {2, 112, 112, 3},
                                            {2, 3, 112},
                                            {2, 3, 112, 112, 1},
                                            {4, 3, 112, 112},
                                            {3, 3, 112, 112}}) {
    write_carray_meta(path, {shape, 1}, 0);
    EXPECT_THROW(open_bcolz(path, "x"), Error) << testing::PrintToString(shape);
  }
}

// ---- Writing

class ListedImages : public Dataset {
 public:
  explicit ListedImages(std::vector<Sample> samples) : samples_(std::move(samples)) {}
  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  int64_t classes() const override { return 1; }
  int64_t label(int64_t) const override { return 0; }
  std::string name(int64_t index) const override { return "image " + std::to_string(index); }
  Sample read(int64_t index) const override { return samples_.at(static_cast<size_t>(index)); }

 private:
  std::vector<Sample> samples_;
};

Image chequered(int size, int seed) {
  Image image(size, size);
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    image.rgb[i] = static_cast<uint8_t>((i / 40 * 37 + i * static_cast<size_t>(seed)) % 256);
  }
  return image;
}

// Pairs in another order than the images, one image in several, another in none; encoded and not.
PairSet mixed_set(int size = 112) {
  std::vector<Sample> samples;
  for (int i = 0; i < 4; ++i) samples.push_back({{}, chequered(size, i)});
  samples.push_back({encode_png(chequered(size, 9)), {}});
  return {"mixed",
          std::make_shared<ListedImages>(samples),
          {{3, 1, true}, {1, 4, false}, {0, 3, false}, {1, 1, true}, {4, 0, true}},
          std::vector<uint16_t>(5),
          0};
}

void expect_equal_sets(const PairSet& written, const PairSet& read) {
  ASSERT_EQ(read.pairs.size(), written.pairs.size());
  for (size_t k = 0; k < read.pairs.size(); ++k) {
    EXPECT_EQ(read.pairs[k].same, written.pairs[k].same);
    const auto equal = [&](uint32_t a, uint32_t b) {
      return load_image(*written.images, a).rgb == load_image(*read.images, b).rgb;
    };
    EXPECT_TRUE(equal(written.pairs[k].a, read.pairs[k].a)) << k;
    EXPECT_TRUE(equal(written.pairs[k].b, read.pairs[k].b)) << k;
  }
}

TEST(WrittenPack, IsReadAsItWas) {
  const TemporaryFolder folder;
  const PairSet set = mixed_set();
  int64_t last = 0;
  write_verification_pack(folder / "a.bin", set, [&](int64_t done) { EXPECT_EQ(done, ++last); });
  EXPECT_EQ(last, 5);
  const PairSet read = open_verification_pack(folder / "a.bin", "a");
  expect_equal_sets(set, read);
  EXPECT_EQ(read.images->read(3).encoded, set.images->read(4).encoded) << "an encoded image keeps its bytes";
}

TEST(WrittenBcolz, IsReadAsItWas) {
  const TemporaryFolder folder;
  const PairSet set = mixed_set();
  for (const int threads : {1, 4}) {
    int64_t last = 0;
    write_bcolz(folder / "a", set, threads, [&](int64_t done) {
      EXPECT_GE(done, last);
      last = done;
    });
    EXPECT_EQ(last, 5);
    expect_equal_sets(set, open_bcolz(folder / "a", "a"));
  }
}

TEST(WrittenBcolz, HoldsThePublishedPairs) {
  FACEREC_NEEDS_TEST_DATA();
  const TemporaryFolder folder;
  const PairSet golden = open_bcolz(test::formats() / "bcolz/lfw", "lfw");
  write_bcolz(folder / "lfw", golden, 2);
  expect_equal_sets(golden, open_bcolz(folder / "lfw", "lfw"));
  EXPECT_EQ(read_file(folder / "lfw_list.npy"), read_file(test::formats() / "bcolz/lfw_list.npy"));
  EXPECT_EQ(read_text(folder / "lfw/meta/storage"), read_text(test::formats() / "bcolz/lfw/meta/storage"));
}

TEST(WrittenBcolz, IsWholeOrAbsent) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_bcolz(folder / "a", mixed_set(96), 1), Error);
  EXPECT_TRUE(fs::is_empty(folder.path()));
  EXPECT_THROW(write_bcolz(folder / "a", {}, 1), Error);
  EXPECT_THROW(write_verification_pack(folder / "a.bin", {}), Error);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(WrittenBcolz, RefusesOtherSizesByName) {
  const TemporaryFolder folder;
  try {
    write_bcolz(folder / "a", mixed_set(96), 1);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), "image 3");
    EXPECT_THAT(error.message(), HasSubstr("96×96"));
  }
}

}  // namespace
}  // namespace facerec
