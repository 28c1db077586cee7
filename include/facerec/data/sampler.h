// Which images an epoch uses, in which order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace facerec {

struct SamplerConfig;
struct TrainingSet;

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

// As many draws as there are images, with replacement, every class as likely as any other and within it every image (by
// the weights of the shares): torch's WeightedRandomSampler with weights 1 / images of the class, as face.evoLVe has
// it. `labels`: one an image, not negative; a class without images is never drawn.
std::shared_ptr<const Sampler> balanced_sampler(const std::vector<int64_t>& labels, std::vector<Share> shares,
                                                uint64_t seed);

// Batches of `identities` classes with `images` images each, one class after the other: every class once an epoch, in
// random order, those left over by the last full batch not at all; its images drawn without putting back. Throws a
// usage Error with the key of the configuration when there are fewer classes, or when one has fewer images.
std::shared_ptr<const Sampler> pk_sampler(const std::vector<int64_t>& labels, int64_t identities, int64_t images,
                                          uint64_t seed);

// The one that data.sampler names. pk: throws a usage Error with its key when identities × images is not the batch's
// size, or when a set of the training data has a weight, which would have no meaning.
std::shared_ptr<const Sampler> make_sampler(const SamplerConfig& config, const TrainingSet& data, int64_t batch_size,
                                            uint64_t seed);

}  // namespace facerec
