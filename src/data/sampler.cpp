#include "facerec/data/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "facerec/core/error.h"
#include "facerec/core/random.h"

namespace facerec {
namespace {

class Sequential : public Sampler {
 public:
  explicit Sequential(int64_t images) : images_(images) {}
  int64_t length() const override { return images_; }
  std::vector<uint32_t> order(int64_t) const override {
    std::vector<uint32_t> order(static_cast<size_t>(images_));
    std::iota(order.begin(), order.end(), 0U);
    return order;
  }

 private:
  int64_t images_;
};

// How often every image of a share is used, and how many are used once more.
int64_t whole(const Share& share) { return static_cast<int64_t>(share.weight); }
int64_t extra(const Share& share) {
  return std::llround((share.weight - static_cast<double>(whole(share))) * static_cast<double>(share.count));
}

class Shuffle : public Sampler {
 public:
  Shuffle(std::vector<Share> shares, uint64_t seed) : shares_(std::move(shares)), seed_(seed) {
    double images = 0;
    for (const Share& share : shares_) images += share.weight * static_cast<double>(share.count);
    if (images > 4e9) {
      throw Error::usage("an epoch of more than 4 billion images").hint("lower the weights of data.train");
    }
    for (const Share& share : shares_) {
      const int64_t used = whole(share) * share.count + extra(share);
      if (used == 0 && share.count > 0) {
        throw Error::usage(fmt::format("data.train: with the weight {} none of its {} images is used in an epoch",
                                       share.weight, share.count))
            .file(share.name)
            .hint(fmt::format("{:.2g} uses one an epoch", 1.0 / static_cast<double>(share.count)));
      }
      length_ += used;
    }
  }

  int64_t length() const override { return length_; }

  std::vector<uint32_t> order(int64_t epoch) const override {
    const auto number = static_cast<uint64_t>(epoch);
    std::vector<uint32_t> order;
    order.reserve(static_cast<size_t>(length_));
    for (size_t i = 0; i < shares_.size(); ++i) {
      const Share& share = shares_[i];
      for (int64_t round = 0; round < whole(share); ++round) {
        for (int64_t k = 0; k < share.count; ++k) order.push_back(static_cast<uint32_t>(share.first + k));
      }
      draw(i, number, order);
    }
    Random("order", {seed_, number}).shuffle(std::span(order));
    return order;
  }

 private:
  // The permutations of a share, one a cycle, follow one another; each epoch takes the next extra(share) of them.
  void draw(size_t i, uint64_t epoch, std::vector<uint32_t>& order) const {
    const Share& share = shares_[i];
    const auto count = static_cast<uint64_t>(share.count), more = static_cast<uint64_t>(extra(share));
    const uint64_t end = (epoch + 1) * more;
    for (uint64_t at = epoch * more; at < end;) {
      const uint64_t cycle = at / count;
      const std::vector<uint32_t> drawn = permutation(count, Random("share", {seed_, cycle, i}));
      for (const uint64_t next = std::min(end, (cycle + 1) * count); at < next; ++at) {
        order.push_back(static_cast<uint32_t>(share.first) + drawn[at % count]);
      }
    }
  }

  std::vector<Share> shares_;
  uint64_t seed_;
  int64_t length_ = 0;
};

}  // namespace

std::shared_ptr<const Sampler> sequential_sampler(int64_t images) { return std::make_shared<Sequential>(images); }

std::shared_ptr<const Sampler> shuffle_sampler(std::vector<Share> shares, uint64_t seed) {
  return std::make_shared<Shuffle>(std::move(shares), seed);
}

}  // namespace facerec
