// Data sets made of others.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "facerec/data/dataset.h"

namespace facerec {

// Sets one after the other.
class JoinedDataset : public Dataset {
 public:
  // by_name: identities of equal names are one class; those that have none stay apart.
  explicit JoinedDataset(bool by_name) : by_name_(by_name) {}
  void add(std::shared_ptr<const Dataset> part);

  int64_t size() const override { return size_; }
  int64_t classes() const override { return classes_; }
  int64_t label(int64_t index) const override;
  std::string name(int64_t index) const override;
  Sample read(int64_t index) const override;
  std::string class_name(int64_t label) const override;
  bool has_name(int64_t label) const override;
  std::string relative_path(int64_t index) const override;

 private:
  struct Part {
    std::shared_ptr<const Dataset> data;
    int64_t first_image, first_class;
    std::vector<uint32_t> labels;  // by_name: here, of its own
  };
  const Part& part_of(int64_t index) const;
  const Part& part_of_class(int64_t label) const;  // not by_name
  std::vector<uint32_t> merge_names(const Dataset& part);

  bool by_name_;
  std::vector<Part> parts_;
  std::vector<std::string> names_;           // by_name; else they are not asked for: some sets must look them up
  std::vector<bool> named_;                  // by_name: has_name() of each
  std::map<std::string, uint32_t> numbers_;  // by_name: of the names that tell a person
  int64_t size_ = 0, classes_ = 0;
};

// Some images of a set, in its order; classes without an image are gone, the others move up.
class SubsetDataset : public Dataset {
 public:
  SubsetDataset(std::shared_ptr<const Dataset> data, std::vector<uint32_t> images);

  int64_t size() const override { return static_cast<int64_t>(images_.size()); }
  int64_t classes() const override { return static_cast<int64_t>(classes_.size()); }
  int64_t label(int64_t index) const override { return labels_[static_cast<size_t>(data_->label(source(index)))]; }
  std::string name(int64_t index) const override { return data_->name(source(index)); }
  Sample read(int64_t index) const override { return data_->read(source(index)); }
  std::string class_name(int64_t label) const override {
    return data_->class_name(classes_.at(static_cast<size_t>(label)));
  }
  bool has_name(int64_t label) const override { return data_->has_name(classes_.at(static_cast<size_t>(label))); }
  std::string relative_path(int64_t index) const override { return data_->relative_path(source(index)); }

 private:
  int64_t source(int64_t index) const { return images_.at(static_cast<size_t>(index)); }

  std::shared_ptr<const Dataset> data_;
  std::vector<uint32_t> images_;
  std::vector<uint32_t> classes_;  // in data_, of those here
  std::vector<uint32_t> labels_;   // here, of those in data_
};

}  // namespace facerec
