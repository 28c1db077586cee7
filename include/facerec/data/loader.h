// Batches of decoded images, made by worker threads ahead of their use.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "facerec/data/dataset.h"
#include "facerec/data/problems.h"
#include "facerec/data/sampler.h"

namespace facerec {

struct BrokenImage {
  int64_t index;  // in the data set
  std::string reason;
};

struct Batch {
  std::vector<uint8_t> pixels;      // [size, height, width, 3], RGB
  std::vector<int64_t> labels;      // [size]
  std::vector<int64_t> indices;     // of the images in the data set
  std::vector<BrokenImage> broken;  // with keep_broken: those whose pixels are black, ascending
  int64_t total = 0;                // images in the batch, those of the other processes included
  int64_t size() const { return static_cast<int64_t>(labels.size()); }
};

struct LoaderOptions {
  int width = 112, height = 112;  // images of another size are resized
  int64_t batch_size = 128;
  int workers = 0;  // threads; 0: the cores available
  AugmentConfig augment = no_augmentation();
  LowResolutionConfig low_resolution = {};
  bool drop_last = true;               // leave out the images that do not fill the last batch of an epoch
  bool strict = false;                 // throw at the first image that cannot be read, instead of replacing it
  bool keep_broken = false;            // leave it in its place, black, and tell of it in Batch::broken
  int64_t epochs = 0;                  // next() is not called after so many; 0: no end
  uint64_t seed = 1;                   // of the augmentation
  int64_t process = 0, processes = 1;  // of each batch this loader makes share_of(its size, process, processes) alone
};

// Where a training run stands in its data: everything that the order of later samples depends on, beside the seed.
struct LoaderPosition {
  int64_t epoch = 0;
  int64_t batch = 0;  // of the epoch
};

// Batches in an epoch of `images`; throws a usage Error when they do not fill one, or when a batch has fewer images
// than there are processes.
int64_t batches_per_epoch(int64_t images, const LoaderOptions& options);

// Memory: the batch that was handed out and at most four that are under way, of batch_size × height × width × 3 bytes,
// and one or two orders of 4 bytes an image.
//
// Epoch after epoch, batch after batch. The images of a batch, their order and their changes depend on the sampler, the
// seed, the epoch and the position alone, not on threads, timing or the number of processes. An image that cannot be
// read or decoded is replaced by another one drawn from (seed, epoch, position), and remembered in bad_inputs(); when
// nothing can be read, next() throws. Options say what else may become of it.
class Loader {
 public:
  Loader(std::shared_ptr<const Dataset> data, std::shared_ptr<const Sampler> sampler, const LoaderOptions& options,
         LoaderPosition start = {});
  ~Loader();

  // The batch at position(); waits for it. After the last batch of an epoch the next epoch begins.
  Batch next();

  // Takes a batch that is no longer needed: its memory is filled again. Fresh memory costs 5 % of the decoding.
  void give_back(Batch batch);
  LoaderPosition position() const;

  double seconds_waited() const;  // total time that next() waited for the workers
  std::vector<BadInput> bad_inputs() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace facerec
