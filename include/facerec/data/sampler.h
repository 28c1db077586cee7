// Which images an epoch uses, in which order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace facerec {

// The order is a function of the seed and the epoch alone: any number of workers, and of processes that divide an epoch
// among them, finds the same one, and a run goes on from (epoch, position) without having drawn what came before.
class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual int64_t length() const = 0;  // of every epoch
  virtual std::vector<uint32_t> order(int64_t epoch) const = 0;
};

// Consecutive images of one weight. 1: each is used once in an epoch, 2: twice. Of what is left of the weight, as many
// images as are nearest to it (0.5: half of them) are drawn from epoch to epoch without putting back: none is drawn
// again before all were. When all were, the drawing begins anew; in the epoch where it does, an image may come twice,
// once as one of the last and once as one of the first.
struct Share {
  int64_t first = 0, count = 0;
  double weight = 1.0;
  std::string name = "";  // of the set, for messages
};

std::shared_ptr<const Sampler> sequential_sampler(int64_t images);

// Throws a usage Error when a share is so small that no epoch would use an image of it.
std::shared_ptr<const Sampler> shuffle_sampler(std::vector<Share> shares, uint64_t seed);

}  // namespace facerec
