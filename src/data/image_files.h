// Images that are files: what folders, lists and CSV files come down to.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/texts.h"
#include "facerec/data/dataset.h"

namespace facerec {

// An image file is at most so large; nothing that is not a regular file is read.
inline constexpr uint64_t max_image_file = uint64_t{1} << 30;
std::vector<std::byte> read_image_file(const fs::path& path);

class ImageFiles : public Dataset {
 public:
  explicit ImageFiles(fs::path root) : root_(std::move(root)) {}

  // `path`: below the root, or absolute. Labels are those that add_class() has given.
  void add(std::string_view path, uint32_t label) {
    paths_.add(path);
    labels_.push_back(label);
  }
  uint32_t add_class(std::string name) {
    classes_.push_back(std::move(name));
    return static_cast<uint32_t>(classes_.size() - 1);
  }

  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  int64_t classes() const override { return static_cast<int64_t>(classes_.size()); }
  int64_t label(int64_t index) const override { return labels_.at(static_cast<size_t>(index)); }
  std::string name(int64_t index) const override { return text_of(file(index)); }
  Sample read(int64_t index) const override { return {read_image_file(file(index)), {}}; }
  std::string class_name(int64_t label) const override { return classes_.at(static_cast<size_t>(label)); }
  std::string relative_path(int64_t index) const override;

 private:
  fs::path file(int64_t index) const { return root_ / paths_[static_cast<size_t>(index)]; }

  fs::path root_;
  Texts paths_;
  std::vector<uint32_t> labels_;
  std::vector<std::string> classes_;
};

// Identities in the order of their names, for sets that tell them image by image.
class NamedClasses {
 public:
  // A number for the name, the next one when it is new.
  uint32_t number_of(const std::string& name);
  // Adds the classes to `files` in byte order of their names; the label that each number has there.
  std::vector<uint32_t> add_to(ImageFiles& files) const;

 private:
  std::map<std::string, uint32_t, std::less<>> numbers_;
};

}  // namespace facerec
