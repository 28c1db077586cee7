#include "facerec/data/sampler.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "facerec/core/error.h"
#include "facerec/data/loader.h"
#include "support/images.h"

namespace facerec {
namespace {

using testing::HasSubstr;

// Classes of 3, 4, 5, … images, those of one scattered over the set; class 2 has none.
std::vector<int64_t> scattered_labels(int64_t classes) {
  std::vector<int64_t> labels;
  for (int64_t round = 0; round < classes + 3; ++round) {
    for (int64_t label = 0; label < classes; ++label) {
      if (label != 2 && round < label + 3) labels.push_back(label);
    }
  }
  return labels;
}

std::vector<Share> one_share(const std::vector<int64_t>& labels) {
  return {{0, static_cast<int64_t>(labels.size()), 1.0}};
}

struct Labelled : Dataset {
  explicit Labelled(std::vector<int64_t> all) : labels(std::move(all)) {}
  int64_t size() const override { return static_cast<int64_t>(labels.size()); }
  int64_t classes() const override { return *std::ranges::max_element(labels) + 1; }
  int64_t label(int64_t index) const override { return labels[static_cast<size_t>(index)]; }
  std::string name(int64_t index) const override { return std::to_string(index); }
  Sample read(int64_t index) const override {
    return {{}, test::flat_image(4, static_cast<uint8_t>(index), static_cast<uint8_t>(label(index)), 0)};
  }
  std::vector<int64_t> labels;
};

TrainingSet training_set(const std::vector<int64_t>& labels) {
  return {std::make_shared<Labelled>(labels), one_share(labels), Problems()};
}

// The key and the text of the Error that `work` throws.
template <class Work>
std::pair<std::string, std::string> refusal(Work work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    return {error.key(), error.what()};
  }
  return {"no error", ""};
}

TEST(SamplerPk, BatchesAreIdentitiesTimesImages) {
  const std::vector<int64_t> labels = scattered_labels(14);
  const auto sampler = pk_sampler(labels, 4, 3, 7);
  ASSERT_EQ(sampler->length(), 12 * 3);  // 13 classes: three batches of 4, one left over
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    const std::vector<uint32_t> order = sampler->order(epoch);
    ASSERT_EQ(order.size(), 36U);
    std::set<int64_t> seen;
    for (size_t group = 0; group < order.size(); group += 3) {
      const int64_t label = labels[order[group]];
      EXPECT_TRUE(seen.insert(label).second) << "class " << label << " twice in epoch " << epoch;
      std::set<uint32_t> images(order.begin() + static_cast<std::ptrdiff_t>(group),
                                order.begin() + static_cast<std::ptrdiff_t>(group + 3));
      EXPECT_EQ(images.size(), 3U) << "an image twice";
      for (const uint32_t image : images) EXPECT_EQ(labels[image], label);
    }
  }
}

TEST(SamplerPk, EveryClassIsLeftOutAndEveryImageDrawnEquallyOften) {
  const std::vector<int64_t> labels = scattered_labels(14);
  const auto sampler = pk_sampler(labels, 4, 3, 7);
  std::map<int64_t, double> classes;
  std::vector<double> images(labels.size());
  constexpr int epochs = 3000;
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    for (const uint32_t image : sampler->order(epoch)) {
      classes[labels[image]] += 1.0 / 3 / epochs;
      images[image] += 1.0 / epochs;
    }
  }
  EXPECT_EQ(classes.size(), 13U);
  for (const auto& [label, share] : classes) EXPECT_NEAR(share, 12.0 / 13, 0.03) << label;
  for (size_t i = 0; i < labels.size(); ++i) {
    EXPECT_NEAR(images[i], 12.0 / 13 * 3 / static_cast<double>(labels[i] + 3), 0.05) << i;
  }
}

TEST(SamplerPk, TooFewIdentitiesOrImagesAreRefusedByKey) {
  const std::vector<int64_t> labels = scattered_labels(14);
  const auto [classes_key, classes_text] = refusal([&] { pk_sampler(labels, 14, 3, 1); });
  EXPECT_EQ(classes_key, "data.sampler.identities");
  EXPECT_THAT(classes_text, HasSubstr("batches of 14 identities, and the training data has 13"));
  const auto [images_key, images_text] = refusal([&] { pk_sampler(labels, 4, 5, 1); });
  EXPECT_EQ(images_key, "data.sampler.images");
  EXPECT_THAT(images_text, HasSubstr("2 of 13 identities have fewer than 5 images, one has 3"));
  EXPECT_THAT(images_text, HasSubstr("data.min_images: 5"));
  EXPECT_EQ(refusal([&] { pk_sampler(labels, 0, 3, 1); }).first, "data.sampler.identities");
  EXPECT_EQ(refusal([&] { pk_sampler(labels, 4, 0, 1); }).first, "data.sampler.images");
}

TEST(SamplerBalanced, EveryClassIsDrawnEquallyOftenAndEveryImageOfIt) {
  const std::vector<int64_t> labels = scattered_labels(9);
  const auto sampler = balanced_sampler(labels, one_share(labels), 3);
  ASSERT_EQ(sampler->length(), static_cast<int64_t>(labels.size()));
  std::map<int64_t, double> classes;
  std::vector<double> images(labels.size());
  constexpr int epochs = 4000;
  const double draws = epochs * static_cast<double>(labels.size());
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    for (const uint32_t image : sampler->order(epoch)) {
      classes[labels[image]] += 1 / draws;
      images[image] += 1 / draws;
    }
  }
  EXPECT_EQ(classes.size(), 8U);
  for (const auto& [label, share] : classes) EXPECT_NEAR(share, 1.0 / 8, 0.004) << label;
  for (size_t i = 0; i < labels.size(); ++i) {
    EXPECT_NEAR(images[i] * 8 * static_cast<double>(labels[i] + 3), 1, 0.1) << i;
  }
}

TEST(SamplerBalanced, WeightsOfSetsCountWithinAClass) {
  // Class 0 has one image in the first set and two in the second, class 1 two in the second alone.
  const std::vector<int64_t> labels{0, 1, 0, 1, 0};
  const auto sampler = balanced_sampler(labels, {{0, 1, 4.0}, {1, 4, 0.5}}, 3);
  std::vector<double> images(5);
  for (int64_t epoch = 0; epoch < 10000; ++epoch) {
    for (const uint32_t image : sampler->order(epoch)) images[image] += 1.0 / 50000;
  }
  const double expected[] = {0.4, 0.25, 0.05, 0.25, 0.05};
  for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(images[i], expected[i], 0.01) << i;
}

SamplerConfig config_of(const std::string& name) { return {.name = name, .identities = 4, .images = 3}; }

class SamplerOf : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(All, SamplerOf, testing::Values("shuffle", "balanced", "pk"),
                         [](const auto& name) { return name.param; });

TEST_P(SamplerOf, TheOrderIsAFunctionOfSeedAndEpoch) {
  const TrainingSet set = training_set(scattered_labels(14));
  const auto sampler = make_sampler(config_of(GetParam()), set, 12, 1);
  const auto again = make_sampler(config_of(GetParam()), set, 12, 1);
  again->order(3);
  EXPECT_EQ(sampler->order(5), again->order(5));
  EXPECT_NE(sampler->order(5), sampler->order(6));
  EXPECT_NE(sampler->order(5), make_sampler(config_of(GetParam()), set, 12, 2)->order(5));
}

TEST_P(SamplerOf, WorkersAndResumingChangeNothing) {
  const TrainingSet set = training_set(scattered_labels(14));
  const auto sampler = make_sampler(config_of(GetParam()), set, 12, 1);
  LoaderOptions options;
  options.width = options.height = 4;
  options.batch_size = 12;
  options.workers = 1;
  Loader whole(set.images, sampler, options);
  options.workers = 5;
  const int64_t per_epoch = batches_per_epoch(sampler->length(), options);
  Loader rest(set.images, sampler, options, {1, 1});
  std::vector<Batch> all;
  for (int64_t i = 0; i < 3 * per_epoch; ++i) all.push_back(whole.next());
  for (int64_t i = per_epoch + 1; i < 3 * per_epoch; ++i) {
    const Batch batch = rest.next();
    EXPECT_EQ(batch.indices, all[static_cast<size_t>(i)].indices);
    EXPECT_EQ(batch.labels, all[static_cast<size_t>(i)].labels);
    EXPECT_EQ(batch.pixels, all[static_cast<size_t>(i)].pixels);
  }
}

TEST(SamplerMake, PkMustFillTheBatch) {
  const TrainingSet set = training_set(scattered_labels(14));
  const auto [key, text] = refusal([&] { make_sampler(config_of("pk"), set, 16, 1); });
  EXPECT_EQ(key, "train.batch_size");
  EXPECT_THAT(text, HasSubstr("a batch has 16 images, and the sampler pk makes 4 identities × 3 images = 12"));
  EXPECT_EQ(refusal([&] { make_sampler({.name = "pk"}, set, 16, 1); }).first, "data.sampler.identities");
}

TEST(SamplerMake, PkHasNoUseForWeights) {
  TrainingSet set = training_set(scattered_labels(14));
  set.shares[0].count -= 10;
  set.shares.push_back({set.shares[0].count, 10, 2.0});
  EXPECT_EQ(refusal([&] { make_sampler(config_of("pk"), set, 12, 1); }).first, "data.train.1.weight");
}

TEST(SamplerMake, MillionsOfImagesFit) {
  std::vector<int64_t> labels(2'000'000);
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int64_t>(i * 7919 % 100'000);
  EXPECT_EQ(balanced_sampler(labels, one_share(labels), 1)->order(0).size(), labels.size());
  EXPECT_EQ(pk_sampler(labels, 100, 4, 1)->order(0).size(), 400'000U);
}

}  // namespace
}  // namespace facerec
