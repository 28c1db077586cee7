#include "facerec/data/dataset.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "data/cfp.h"
#include "data/evaluation_formats.h"
#include "data/formats.h"
#include "data/lists.h"
#include "data/path_rule.h"
#include "data/views.h"
#include "facerec/config/at_key.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {

std::string Dataset::class_name(int64_t label) const { return std::to_string(label); }

bool Dataset::has_name(int64_t) const { return true; }

std::string Dataset::relative_path(int64_t index) const {
  return fmt::format("{}/{:08}", class_name(label(index)), index);
}

Image load_image(const Dataset& data, int64_t index) {
  Sample sample = data.read(index);
  if (!sample.pixels.rgb.empty()) return std::move(sample.pixels);
  try {
    return decode_image(sample.encoded);
  } catch (Error& error) {
    throw std::move(error).file(data.name(index));
  }
}

std::vector<int64_t> images_per_class(const Dataset& data) {
  std::vector<int64_t> counts(static_cast<size_t>(data.classes()));
  for (int64_t i = 0; i < data.size(); ++i) ++counts[static_cast<size_t>(data.label(i))];
  return counts;
}

std::string data_format(const fs::path& path) {
  if (is_recordio(path)) return "recordio";
  if (is_tfrecord(path)) return "tfrecord";
  std::error_code code;
  if (fs::is_directory(path, code)) return is_bcolz(path) ? "bcolz" : is_cfp(path) ? "cfp" : "folder";
  if (is_list(path)) return is_table(path) ? "csv" : "list";
  return is_verification_pack(path) ? "bin" : "";
}

std::shared_ptr<Dataset> open_images(const TrainingSetConfig& set, const std::string& root, Problems& problems) {
  const fs::path path = below_root(root, set.path);
  std::error_code code;
  const bool is_file = is_recordio(path) || is_tfrecord(path) || (is_list(path) && !fs::is_directory(path, code));
  if (is_verification_pack(path)) {
    throw Error::usage("is an evaluation set, with pairs and without identities")
        .file(text_of(path))
        .hint("eval --data takes it");
  }
  if (!is_table(path) && !(set.columns.file.empty() && set.columns.identity.empty())) {
    throw Error::usage("columns are named, and this is no CSV file").file(text_of(path));
  }
  if (!is_file) return open_image_folder(path, set.label, set.where);
  if (has_rule(set)) {
    throw Error::usage("label and where are for folders of images: this set says itself who is in an image")
        .file(text_of(path));
  }
  if (is_recordio(path)) return open_recordio(path, problems);
  if (is_tfrecord(path)) return open_tfrecord(path, root, problems);
  if (!fs::exists(path, code)) throw Error::usage("does not exist").file(text_of(path));
  return open_list(path, root, set.columns, problems);
}

namespace {

// A folder with all that lies in it, for tasks that do not ask who is in an image.
std::shared_ptr<Dataset> open_any_images(const TrainingSetConfig& set, const std::string& root, Problems& problems) {
  const fs::path path = below_root(root, set.path);
  if (data_format(path) == "folder") return open_image_tree(path, set.label, set.where);
  return open_images(set, root, problems);
}

// The sets one after the other, each opened by `open`.
TrainingSet join_sets(const DataConfig& config, bool strict, decltype(&open_images) open) {
  auto joined = std::make_shared<JoinedDataset>(config.label_space == "by_name");
  TrainingSet set{joined, {}, Problems(strict)};
  for (size_t i = 0; i < config.train.size(); ++i) {
    const TrainingSetConfig& part = config.train[i];
    if (part.path.empty())
      throw Error::usage("no training data is named").hint("give --data PATH, or data.train in the configuration");
    const std::shared_ptr<Dataset> images =
        at_key(fmt::format("data.train.{}.path", i), [&] { return open(part, config.root, set.problems); });
    set.shares.push_back({joined->size(), images->size(), part.weight, part.path});
    joined->add(images);
  }
  if (joined->size() > INT64_C(4'000'000'000)) throw Error::usage("more than 4 billion images");
  return set;
}

// Keeps the images of `data` whose classes have at least `min_images`.
void leave_out_small_classes(TrainingSet& set, int64_t min_images) {
  const std::vector<int64_t> counts = images_per_class(*set.images);
  std::vector<uint32_t> kept;
  std::vector<Share> shares;
  for (const Share& share : set.shares) {
    const auto first = static_cast<int64_t>(kept.size());
    for (int64_t i = share.first; i < share.first + share.count; ++i) {
      if (counts[static_cast<size_t>(set.images->label(i))] >= min_images) kept.push_back(static_cast<uint32_t>(i));
    }
    shares.push_back({first, static_cast<int64_t>(kept.size()) - first, share.weight, share.name});
  }
  const int64_t before = set.images->classes();
  set.images = std::make_shared<SubsetDataset>(set.images, std::move(kept));
  set.shares = std::move(shares);
  if (set.images->classes() < before) {
    spdlog::info("{} of {} identities have fewer than {} images and are left out", before - set.images->classes(),
                 before, min_images);
  }
}

}  // namespace

TrainingSet open_training_set(const DataConfig& config, bool strict) {
  TrainingSet set = join_sets(config, strict, open_images);
  if (config.min_images > 1) leave_out_small_classes(set, config.min_images);
  if (set.images->classes() < 2) {
    const std::string fewest = config.min_images > 1 ? fmt::format(" with {} images or more", config.min_images) : "";
    throw Error::usage(
        fmt::format("the training data holds {} identities{}, at least 2 are needed", set.images->classes(), fewest))
        .file(config.train.empty() ? "" : config.train.front().path);
  }
  return set;
}

TrainingSet open_training_images(const DataConfig& config, bool strict) {
  return join_sets(config, strict, open_any_images);
}

std::string training_folder_in(const fs::path& root) {
  for (const char* name : {"imgs", "imgs_train", "imgs_casia", "ms1m_align_112/imgs", "ms1m_align_112"}) {
    std::error_code code;
    if (fs::is_directory(root / name, code)) return name;
  }
  return "";
}

}  // namespace facerec
