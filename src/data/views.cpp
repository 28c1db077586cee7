#include "data/views.h"

#include <algorithm>

#include "facerec/data/view.h"

namespace facerec {

std::vector<uint32_t> JoinedDataset::merge_names(const Dataset& part) {
  std::vector<uint32_t> labels(static_cast<size_t>(part.classes()));
  for (size_t label = 0; label < labels.size(); ++label) {
    std::string name = part.class_name(static_cast<int64_t>(label));
    const bool is_named = part.has_name(static_cast<int64_t>(label));
    const auto next = static_cast<uint32_t>(names_.size());
    labels[label] = is_named ? numbers_.try_emplace(name, next).first->second : next;
    if (labels[label] != next) continue;
    names_.push_back(std::move(name));
    named_.push_back(is_named);
  }
  return labels;
}

void JoinedDataset::add(std::shared_ptr<const Dataset> part) {
  std::vector<uint32_t> labels = by_name_ ? merge_names(*part) : std::vector<uint32_t>();
  const int64_t size = part->size(), first_class = classes_;
  classes_ = by_name_ ? static_cast<int64_t>(names_.size()) : classes_ + part->classes();
  parts_.push_back({std::move(part), size_, first_class, std::move(labels)});
  size_ += size;
}

const JoinedDataset::Part& JoinedDataset::part_of(int64_t index) const {
  const auto after = std::upper_bound(parts_.begin(), parts_.end(), index,
                                      [](int64_t i, const Part& part) { return i < part.first_image; });
  return *std::prev(after);
}

int64_t JoinedDataset::label(int64_t index) const {
  const Part& part = part_of(index);
  const int64_t own = part.data->label(index - part.first_image);
  return by_name_ ? part.labels[static_cast<size_t>(own)] : part.first_class + own;
}

const JoinedDataset::Part& JoinedDataset::part_of_class(int64_t label) const {
  const auto after = std::upper_bound(parts_.begin(), parts_.end(), label,
                                      [](int64_t i, const Part& part) { return i < part.first_class; });
  return *std::prev(after);
}

std::string JoinedDataset::class_name(int64_t label) const {
  if (by_name_) return names_.at(static_cast<size_t>(label));
  const Part& part = part_of_class(label);
  return part.data->class_name(label - part.first_class);
}

bool JoinedDataset::has_name(int64_t label) const {
  if (by_name_) return named_.at(static_cast<size_t>(label));
  const Part& part = part_of_class(label);
  return part.data->has_name(label - part.first_class);
}

std::string JoinedDataset::name(int64_t index) const {
  const Part& part = part_of(index);
  return part.data->name(index - part.first_image);
}

Sample JoinedDataset::read(int64_t index) const {
  const Part& part = part_of(index);
  return part.data->read(index - part.first_image);
}

std::string JoinedDataset::relative_path(int64_t index) const {
  const Part& part = part_of(index);
  return part.data->relative_path(index - part.first_image);
}

SubsetDataset::SubsetDataset(std::shared_ptr<const Dataset> data, std::vector<uint32_t> images)
    : data_(std::move(data)), images_(std::move(images)), labels_(static_cast<size_t>(data_->classes()), UINT32_MAX) {
  for (const uint32_t image : images_) labels_[static_cast<size_t>(data_->label(image))] = 0;
  for (size_t label = 0; label < labels_.size(); ++label) {
    if (labels_[label] == UINT32_MAX) continue;
    labels_[label] = static_cast<uint32_t>(classes_.size());
    classes_.push_back(static_cast<uint32_t>(label));
  }
}

HeldSet::HeldSet(std::shared_ptr<const Dataset> images)
    : DatasetView(std::move(images)), samples_(static_cast<size_t>(size())) {}

Sample HeldSet::read(int64_t index) const {
  std::shared_ptr<const Sample> sample;
  {
    const std::scoped_lock lock(mutex_);
    sample = samples_.at(static_cast<size_t>(index));
  }
  if (!sample) {
    sample = std::make_shared<const Sample>(images().read(index));
    const std::scoped_lock lock(mutex_);
    samples_[static_cast<size_t>(index)] = sample;
  }
  return *sample;
}

Sample ResizedSet::read(int64_t index) const { return {{}, resize(load_image(images(), index), width_, height_)}; }

}  // namespace facerec
