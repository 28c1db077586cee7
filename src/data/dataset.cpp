#include "facerec/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>

#include "facerec/core/error.h"

namespace facerec {

std::string Dataset::class_name(int64_t label) const { return std::to_string(label); }

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

namespace {

class JoinedDataset : public Dataset {
 public:
  void add(std::shared_ptr<Dataset> part) {
    const int64_t size = part->size(), classes = part->classes();
    parts_.push_back({std::move(part), size_, classes_});
    size_ += size;
    classes_ += classes;
  }

  int64_t size() const override { return size_; }
  int64_t classes() const override { return classes_; }
  int64_t label(int64_t index) const override {
    const Part& part = part_of(index);
    return part.first_class + part.data->label(index - part.first_image);
  }
  std::string name(int64_t index) const override {
    return part_of(index).data->name(index - part_of(index).first_image);
  }
  Sample read(int64_t index) const override { return part_of(index).data->read(index - part_of(index).first_image); }

 private:
  struct Part {
    std::shared_ptr<Dataset> data;
    int64_t first_image, first_class;
  };

  const Part& part_of(int64_t index) const {
    const auto after = std::upper_bound(parts_.begin(), parts_.end(), index,
                                        [](int64_t i, const Part& part) { return i < part.first_image; });
    return *std::prev(after);
  }

  std::vector<Part> parts_;
  int64_t size_ = 0, classes_ = 0;
};

}  // namespace

std::shared_ptr<Dataset> open_training_set(const DataConfig& config) {
  auto joined = std::make_shared<JoinedDataset>();
  for (const TrainingSetConfig& set : config.train) {
    if (set.path.empty())
      throw Error::usage("no training data is named").hint("give --data FOLDER, or data.train in the configuration");
    joined->add(open_image_folder(below_root(config.root, set.path), config.min_images));
  }
  if (joined->classes() < 2) {
    throw Error::usage("the training data holds " + std::to_string(joined->classes()) +
                       " identity, at least 2 are needed")
        .file(config.train.empty() ? "" : config.train.front().path);
  }
  return joined;
}

}  // namespace facerec
