// Data sets: numbered images with labels, whatever they are stored in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/data/config.h"
#include "facerec/data/problems.h"
#include "facerec/data/sampler.h"
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
  // Whether class_name() tells one person from another in other sets too. False for a mere label, as records and plain
  // lists have them: person 0 of two files is not one person. A folder's name is a name, though it be a number.
  virtual bool has_name(int64_t label) const;
  // The place of an image in a folder of identities, "identity/file.jpg"; without an extension where the set does not
  // tell. Default: class_name/index.
  virtual std::string relative_path(int64_t index) const;
};

// The sample's pixels; throws Error naming the image when they cannot be decoded.
Image load_image(const Dataset& data, int64_t index);

// How many images each class has.
std::vector<int64_t> images_per_class(const Dataset& data);

// Images below `root`, at any depth, with the identities that `label` finds in their paths; classes in byte order of
// their names. Images are recognised by extension (has_image_extension); hidden files and images directly in `root` are
// left out, and so is what `where` does not let through. Throws a usage Error when `root` is missing or unreadable, or
// when no image is left.
std::shared_ptr<Dataset> open_image_folder(const fs::path& root, const LabelConfig& label = {},
                                           const std::map<std::string, std::string>& where = {});

// The same with every image: those directly in `root` too, those whose path does not tell who is in them, which are of
// a class named "", and, so that they are missed when they are read, those of formats that are not read (GIF, TIFF,
// HEIC …) and links that lead nowhere. `root` may be a single image. Throws a usage Error when it is missing or
// unreadable, or when no image is left.
std::shared_ptr<Dataset> open_image_tree(const fs::path& root, const LabelConfig& label = {},
                                         const std::map<std::string, std::string>& where = {});

// One training set in any of the forms that are read: a folder of images, a list or CSV file (src/data/lists.h),
// RecordIO, TFRecord. `root`: what relative paths inside lists are below, if the first of them is there; else they are
// beside the list. Throws Error for what is none of them, and for `columns` of anything but a CSV file.
std::shared_ptr<Dataset> open_images(const TrainingSetConfig& set, const std::string& root, Problems& problems);

// What a path holds: recordio, tfrecord, list, csv, bin, bcolz, cfp; folder: any other folder; "": none of them.
std::string data_format(const fs::path& path);

struct TrainingSet {
  std::shared_ptr<const Dataset> images;
  std::vector<Share> shares;  // of the sets that it was joined from
  Problems problems;          // images that were left out
};

// What the `data` section names: its sets one after the other. label_space joined: identities of each are counted on
// from the last; by_name: identities of equal names are one, those without a name (Dataset::has_name) stay apart.
// Identities with fewer than min_images images are left out; labels are 0 … C−1 without gaps whatever the files say.
// `strict`: the first problem is thrown. Throws a usage Error when fewer than two identities are left.
TrainingSet open_training_set(const DataConfig& config, bool strict = false);

// The same for tasks that do not learn identities: any number of them, images directly in a folder too, min_images set
// aside.
TrainingSet open_training_images(const DataConfig& config, bool strict = false);

// The training set inside a folder laid out as face.evoLVe's and its followers': imgs, imgs_train, imgs_casia,
// ms1m_align_112/imgs or ms1m_align_112, the first that is there; "" when none is.
std::string training_folder_in(const fs::path& root);

}  // namespace facerec
