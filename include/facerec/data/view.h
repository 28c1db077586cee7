// Data sets that give the images of another in another form.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "facerec/data/dataset.h"

namespace facerec {

// The images, identities and names of another set; read() is what differs.
class DatasetView : public Dataset {
 public:
  int64_t size() const override { return images_->size(); }
  int64_t classes() const override { return images_->classes(); }
  int64_t label(int64_t index) const override { return images_->label(index); }
  std::string name(int64_t index) const override { return images_->name(index); }
  std::string class_name(int64_t label) const override { return images_->class_name(label); }
  bool has_name(int64_t label) const override { return images_->has_name(label); }
  std::string relative_path(int64_t index) const override { return images_->relative_path(index); }

 protected:
  explicit DatasetView(std::shared_ptr<const Dataset> images) : images_(std::move(images)) {}
  const Dataset& images() const { return *images_; }

 private:
  std::shared_ptr<const Dataset> images_;
};

// Keeps what it has read once, as it was stored: for sets that are used again and again.
class HeldSet final : public DatasetView {
 public:
  explicit HeldSet(std::shared_ptr<const Dataset> images);
  Sample read(int64_t index) const override;

 private:
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const Sample>> samples_;
};

// Every image of one size, resized as decode_image() does where it has another.
class ResizedSet final : public DatasetView {
 public:
  ResizedSet(std::shared_ptr<const Dataset> images, int width, int height)
      : DatasetView(std::move(images)), width_(width), height_(height) {}
  Sample read(int64_t index) const override;  // as pixels

 private:
  int width_, height_;
};

}  // namespace facerec
