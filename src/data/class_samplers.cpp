#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "facerec/core/error.h"
#include "facerec/core/random.h"
#include "facerec/data/dataset.h"

namespace facerec {
namespace {

// The images of each class that has any, ascending, class after class.
class ImagesByClass {
 public:
  explicit ImagesByClass(const std::vector<int64_t>& labels) : images_(labels.size()) {
    std::vector<uint32_t> end(1);  // of the classes so far, by label; at first how many each has
    for (const int64_t label : labels) {
      if (static_cast<size_t>(label) >= end.size()) end.resize(static_cast<size_t>(label) + 1);
      ++end[static_cast<size_t>(label)];
    }
    uint32_t next = 0;
    for (uint32_t& each : end) {
      if (each > 0) first_.push_back(next);
      next += std::exchange(each, next);
    }
    first_.push_back(next);
    for (size_t i = 0; i < labels.size(); ++i)
      images_[end[static_cast<size_t>(labels[i])]++] = static_cast<uint32_t>(i);
  }

  size_t images() const { return images_.size(); }
  size_t classes() const { return first_.size() - 1; }
  std::span<const uint32_t> operator[](size_t number) const {
    return std::span(images_).subspan(first_[number], first_[number + 1] - first_[number]);
  }

 private:
  std::vector<uint32_t> images_, first_;
};

class Balanced : public Sampler {
 public:
  Balanced(const std::vector<int64_t>& labels, std::vector<Share> shares, uint64_t seed)
      : classes_(labels), shares_(std::move(shares)), seed_(seed) {}

  int64_t length() const override { return static_cast<int64_t>(classes_.images()); }

  std::vector<uint32_t> order(int64_t epoch) const override {
    Random random("balanced order", {seed_, static_cast<uint64_t>(epoch)});
    std::vector<uint32_t> order(classes_.images());
    for (uint32_t& image : order) image = draw(classes_[random.below(classes_.classes())], random);
    return order;
  }

 private:
  // A share's images are consecutive, and so they are among the ascending ones of a class.
  std::span<const uint32_t> part_of(std::span<const uint32_t> images, const Share& share) const {
    const auto begin = std::ranges::lower_bound(images, share.first);
    return {begin, std::lower_bound(begin, images.end(), share.first + share.count)};
  }

  uint32_t draw(std::span<const uint32_t> images, Random& random) const {
    if (shares_.size() < 2) return images[random.below(images.size())];
    double total = 0;
    for (const Share& share : shares_) total += share.weight * static_cast<double>(part_of(images, share).size());
    double left = random.uniform() * total;
    std::span<const uint32_t> part;
    for (const Share& share : shares_) {
      const std::span<const uint32_t> next = part_of(images, share);
      if (next.empty()) continue;
      part = next;
      left -= share.weight * static_cast<double>(part.size());
      if (left < 0) break;
    }
    return part[random.below(part.size())];
  }

  ImagesByClass classes_;
  std::vector<Share> shares_;
  uint64_t seed_;
};

class IdentityBatches : public Sampler {
 public:
  IdentityBatches(const std::vector<int64_t>& labels, int64_t identities, int64_t images, uint64_t seed)
      : classes_(labels), identities_(identities), images_(images), seed_(seed) {
    check();
  }

  int64_t length() const override { return used_classes() * images_; }

  std::vector<uint32_t> order(int64_t epoch) const override {
    const auto number = static_cast<uint64_t>(epoch);
    std::vector<uint32_t> sequence = permutation(classes_.classes(), Random("order of identities", {seed_, number}));
    sequence.resize(static_cast<size_t>(used_classes()));
    Random random("images of identities", {seed_, number});
    std::vector<uint32_t> order;
    order.reserve(static_cast<size_t>(length()));
    for (const uint32_t at : sequence) draw(classes_[at], random, order);
    return order;
  }

 private:
  int64_t used_classes() const { return static_cast<int64_t>(classes_.classes()) / identities_ * identities_; }

  // The first steps of Fisher-Yates.
  void draw(std::span<const uint32_t> images, Random& random, std::vector<uint32_t>& order) const {
    std::vector<uint32_t> left(images.begin(), images.end());
    for (size_t i = 0; i < static_cast<size_t>(images_); ++i) {
      std::swap(left[i], left[i + random.below(left.size() - i)]);
      order.push_back(left[i]);
    }
  }

  void check() const {
    for (const auto& [key, value] : {std::pair("identities", identities_), std::pair("images", images_)}) {
      if (value > 0) continue;
      throw Error::usage(fmt::format("the sampler pk needs the number of {}", key))
          .key(fmt::format("data.sampler.{}", key))
          .hint("identities × images is train.batch_size: 32 × 4 for 128");
    }
    const auto classes = static_cast<int64_t>(classes_.classes());
    if (classes < identities_) {
      throw Error::usage(fmt::format("batches of {} identities, and the training data has {}", identities_, classes))
          .key("data.sampler.identities")
          .hint("fewer identities with more images of each fill the batch, too");
    }
    int64_t small = 0, fewest = std::numeric_limits<int64_t>::max();
    for (size_t i = 0; i < classes_.classes(); ++i) {
      const auto count = static_cast<int64_t>(classes_[i].size());
      fewest = std::min(fewest, count);
      if (count < images_) ++small;
    }
    if (small == 0) return;
    throw Error::usage(
        fmt::format("{} of {} identities have fewer than {} images, one has {}", small, classes, images_, fewest))
        .key("data.sampler.images")
        .hint(fmt::format("data.min_images: {} leaves such identities out", images_));
  }

  ImagesByClass classes_;
  int64_t identities_, images_;
  uint64_t seed_;
};

std::vector<int64_t> labels_of(const Dataset& data) {
  std::vector<int64_t> labels(static_cast<size_t>(data.size()));
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = data.label(static_cast<int64_t>(i));
  return labels;
}

void check_pk(const SamplerConfig& config, const TrainingSet& data, int64_t batch_size) {
  for (size_t i = 0; i < data.shares.size(); ++i) {
    if (data.shares[i].weight == 1) continue;
    throw Error::usage("the sampler pk takes every identity once an epoch: a weight has no meaning")
        .key(fmt::format("data.train.{}.weight", i))
        .hint("leave the weight out, or take data.sampler shuffle or balanced");
  }
  const bool is_named = config.identities > 0 && config.images > 0;
  if (is_named && config.identities * config.images != batch_size) {
    throw Error::usage(fmt::format("a batch has {} images, and the sampler pk makes {} identities × {} images = {}",
                                   batch_size, config.identities, config.images, config.identities * config.images))
        .key("train.batch_size")
        .hint(fmt::format("train.batch_size: {}", config.identities * config.images));
  }
}

}  // namespace

std::shared_ptr<const Sampler> balanced_sampler(const std::vector<int64_t>& labels, std::vector<Share> shares,
                                                uint64_t seed) {
  return std::make_shared<Balanced>(labels, std::move(shares), seed);
}

std::shared_ptr<const Sampler> pk_sampler(const std::vector<int64_t>& labels, int64_t identities, int64_t images,
                                          uint64_t seed) {
  return std::make_shared<IdentityBatches>(labels, identities, images, seed);
}

std::shared_ptr<const Sampler> make_sampler(const SamplerConfig& config, const TrainingSet& data, int64_t batch_size,
                                            uint64_t seed) {
  if (config.name == "shuffle") return shuffle_sampler(data.shares, seed);
  if (config.name == "balanced") return balanced_sampler(labels_of(*data.images), data.shares, seed);
  check_pk(config, data, batch_size);
  return pk_sampler(labels_of(*data.images), config.identities, config.images, seed);
}

}  // namespace facerec
