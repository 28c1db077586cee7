// Evaluation sets made worse, and restored: what the figures of robustness are measured on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "facerec/data/pairs.h"
#include "facerec/image/degrade.h"
#include "facerec/infer/super_resolution.h"

namespace facerec {

// What is done to an image, in this order. Nothing by default.
struct Degradation {
  struct Crop {
    int resized = 128, width = 112, height = 112;
  };
  std::optional<Crop> crop;  // resize_and_crop()
  std::optional<Corruption> corruption;
  int severity = 1;
  int low_resolution = 1;                  // reduce() by this factor, and back to the size …
  std::shared_ptr<SuperResolver> restore;  // … by this; nullptr: bicubic, as reduce_and_enlarge()
  uint64_t seed = 1;
};

// "128x128, centre 112x112; noise 3; low resolution 4, RCAN x4": for reports. With the identity of the network that
// restores it names everything that the pixels depend on but the seed.
std::string describe(const Degradation& degradation);

// `name` tells images apart: each has noise of its own. Throws as the functions of facerec/image/degrade.h do.
Image degrade(const Image& image, const Degradation& degradation, const std::string& name);

// Images of a set, degraded or as they are, in any number and order. Identities and names are those of the set; an
// image is drawn noise for by Dataset::relative_path(), so that it gets the same wherever its set lies.
class DegradedSet final : public Dataset {
 public:
  struct Entry {
    int64_t source;  // in the set
    bool degraded;
  };

  DegradedSet(const std::shared_ptr<const Dataset>& images, Degradation degradation);  // all of them, degraded
  DegradedSet(std::shared_ptr<const Dataset> images, Degradation degradation, std::vector<Entry> entries);

  int64_t size() const override { return static_cast<int64_t>(entries_.size()); }
  int64_t classes() const override { return images_->classes(); }
  int64_t label(int64_t index) const override { return images_->label(source(index)); }
  std::string name(int64_t index) const override { return images_->name(source(index)); }
  Sample read(int64_t index) const override;
  std::string class_name(int64_t label) const override { return images_->class_name(label); }
  bool has_name(int64_t label) const override { return images_->has_name(label); }
  std::string relative_path(int64_t index) const override { return images_->relative_path(source(index)); }

 private:
  int64_t source(int64_t index) const { return entries_.at(static_cast<size_t>(index)).source; }

  std::shared_ptr<const Dataset> images_;
  Degradation degradation_;
  std::vector<Entry> entries_;
};

// The same pairs, of degraded images.
PairSet degraded(const PairSet& set, const Degradation& degradation);

// The same pairs, the first image of each degraded, the second as it is: a poor picture against a good one. Each image
// that the pairs name is in the set once as the one, once as the other, or both.
PairSet first_degraded(const PairSet& set, const Degradation& degradation);

}  // namespace facerec
