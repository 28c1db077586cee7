#include "facerec/data/loader.h"

#include <gmock/gmock.h>

#include <set>

#include "facerec/core/error.h"
#include "support/images.h"

namespace facerec {
namespace {

using testing::HasSubstr;

// `count` images of which image i is flat with the colour (i, left, 0): left half 10, right half 200, so a flip shows.
class FakeData : public Dataset {
 public:
  explicit FakeData(int64_t count, std::set<int64_t> broken = {}) : count_(count), broken_(std::move(broken)) {}
  int64_t size() const override { return count_; }
  int64_t classes() const override { return count_; }
  int64_t label(int64_t index) const override { return index; }
  std::string name(int64_t index) const override { return "image " + std::to_string(index); }
  Sample read(int64_t index) const override {
    if (broken_.contains(index)) throw Error("broken").file(name(index));
    Image image(4, 4);
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 4; ++x) {
        image.row(y)[x * 3] = static_cast<uint8_t>(index);
        image.row(y)[x * 3 + 1] = x < 2 ? 10 : 200;
      }
    }
    return {{}, image};
  }

 private:
  int64_t count_;
  std::set<int64_t> broken_;
};

LoaderOptions options_of(int workers) {
  LoaderOptions options;
  options.width = options.height = 4;
  options.batch_size = 8;
  options.workers = workers;
  return options;
}

std::shared_ptr<const Sampler> shuffled(int64_t images) { return shuffle_sampler({{0, images, 1.0}}, 1); }

std::vector<Batch> batches(Loader& loader, int count) {
  std::vector<Batch> list;
  for (int i = 0; i < count; ++i) list.push_back(loader.next());
  return list;
}

TEST(Loader, ThreadsDoNotChangeAnything) {
  const auto data = std::make_shared<FakeData>(50);
  Loader one(data, shuffled(data->size()), options_of(1)), many(data, shuffled(data->size()), options_of(5));
  const auto a = batches(one, 20), b = batches(many, 20);
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].indices, b[i].indices);
    ASSERT_EQ(a[i].pixels, b[i].pixels);
  }
}

TEST(Loader, AnEpochHoldsEachImageOnceInAnOrderOfItsOwn) {
  const auto data = std::make_shared<FakeData>(48);
  Loader loader(data, shuffled(data->size()), options_of(2));
  std::vector<std::vector<int64_t>> epochs(2);
  for (auto& epoch : epochs) {
    for (const Batch& batch : batches(loader, 6)) epoch.insert(epoch.end(), batch.indices.begin(), batch.indices.end());
    EXPECT_EQ(std::set<int64_t>(epoch.begin(), epoch.end()).size(), 48U);
  }
  EXPECT_NE(epochs[0], epochs[1]);
  EXPECT_EQ(loader.position().epoch, 2);
  EXPECT_EQ(loader.position().batch, 0);
}

TEST(Loader, PixelsLabelsAndFlipsBelongTogether) {
  const auto data = std::make_shared<FakeData>(64);
  LoaderOptions options = options_of(3);
  options.augment.flip = 0.5;
  Loader loader(data, shuffled(data->size()), options);
  int flips = 0;
  for (const Batch& batch : batches(loader, 8)) {
    for (size_t i = 0; i < 8; ++i) {
      const uint8_t* image = batch.pixels.data() + i * 4 * 4 * 3;
      ASSERT_EQ(batch.labels[i], batch.indices[i]);
      ASSERT_EQ(image[0], batch.indices[i]);
      if (image[1] == 200) ++flips;
    }
  }
  EXPECT_GT(flips, 16);
  EXPECT_LT(flips, 48);
}

TEST(Loader, ContinuesWhereAnotherStopped) {
  const auto data = std::make_shared<FakeData>(50);
  Loader whole(data, shuffled(data->size()), options_of(2));
  const auto all = batches(whole, 15);
  Loader rest(data, shuffled(data->size()), options_of(2), {1, 3});
  for (size_t i = 9; i < 15; ++i) ASSERT_EQ(rest.next().pixels, all[i].pixels);
}

TEST(Loader, BrokenImagesAreReplacedAndNamed) {
  const auto data = std::make_shared<FakeData>(48, std::set<int64_t>{3, 40});
  Loader one(data, shuffled(data->size()), options_of(1)), many(data, shuffled(data->size()), options_of(4));
  const auto a = batches(one, 6), b = batches(many, 6);
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].indices, b[i].indices);
    EXPECT_EQ(a[i].size(), 8);
  }
  const auto bad = one.bad_inputs();
  ASSERT_EQ(bad.size(), 2U);
  EXPECT_EQ(bad[0].name, "image 3");
  EXPECT_EQ(bad[0].reason, "broken");
}

TEST(Loader, StrictStopsAtTheFirstBrokenImage) {
  LoaderOptions options = options_of(2);
  options.strict = true;
  Loader loader(std::make_shared<FakeData>(16, std::set<int64_t>{5}), shuffled(16), options);
  EXPECT_THROW(batches(loader, 2), Error);
}

TEST(Loader, AnUnreadableDataSetIsAnError) {
  std::set<int64_t> all;
  for (int64_t i = 0; i < 16; ++i) all.insert(i);
  Loader loader(std::make_shared<FakeData>(16, all), shuffled(16), options_of(2));
  try {
    loader.next();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("a hundred images in a row"));
  }
}

TEST(Loader, TheLastBatchMayBeShort) {
  LoaderOptions options = options_of(2);
  options.drop_last = false;
  options.augment.flip = 0;
  options.epochs = 1;
  Loader loader(std::make_shared<FakeData>(19), sequential_sampler(19), options);
  const auto all = batches(loader, 3);
  EXPECT_EQ(all[2].size(), 3);
  EXPECT_EQ(all[2].indices, (std::vector<int64_t>{16, 17, 18}));
}

TEST(Loader, TooFewImagesForABatchAreAnError) {
  EXPECT_THROW(Loader(std::make_shared<FakeData>(7), shuffled(7), options_of(1)), Error);
}

}  // namespace
}  // namespace facerec
