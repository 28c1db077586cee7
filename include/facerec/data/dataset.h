// Data sets: numbered images with labels, whatever they are stored in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/data/config.h"
#include "facerec/image/image.h"

namespace facerec {

// One stored image: encoded bytes, or pixels for formats that hold pixels. Exactly one is filled.
struct Sample {
  std::vector<std::byte> encoded;
  Image pixels;
};

// All members are const and may be called from any thread.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t size() const = 0;
  virtual int64_t classes() const = 0;
  virtual int64_t label(int64_t index) const = 0;     // 0 … classes() − 1
  virtual std::string name(int64_t index) const = 0;  // where it is stored, for messages: "a/1.jpg", "train.rec#17"
  virtual Sample read(int64_t index) const = 0;       // throws Error naming the file

  // What the set itself calls an identity: its folder, or its number in the file. Default: the label.
  virtual std::string class_name(int64_t label) const;
  // The place of an image in a folder of identities, "identity/file.jpg"; without an extension where the set does not
  // tell. Default: class_name/index.
  virtual std::string relative_path(int64_t index) const;
};

// The sample's pixels; throws Error naming the image when they cannot be decoded.
Image load_image(const Dataset& data, int64_t index);

// One class per folder directly below `root`, in byte order of their names; every image below it, at any depth, is of
// that class. Images are recognised by extension (has_image_extension); hidden files and images directly in `root` are
// left out, and so are classes with fewer than `min_images`. Throws a usage Error when `root` is missing or unreadable,
// or when no class is left.
std::shared_ptr<Dataset> open_image_folder(const fs::path& root, int64_t min_images = 1);

// What the `data` section names: its folders one after the other, identities of each counted on from the last. Throws a
// usage Error when they hold fewer than two identities together.
std::shared_ptr<Dataset> open_training_set(const DataConfig& config);

}  // namespace facerec
