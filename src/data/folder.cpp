#include <algorithm>

#include "facerec/core/error.h"
#include "facerec/data/dataset.h"

namespace facerec {
namespace {

const char* const expected_form = "the form is FOLDER/identity/image.jpg; jpg, jpeg, png, bmp and webp are read";
constexpr uint64_t max_image_file = uint64_t{1} << 30;

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

std::vector<fs::path> images_below(const fs::path& folder) {
  std::vector<fs::path> images;
  for (auto entry = fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink);
       entry != fs::recursive_directory_iterator(); ++entry) {
    if (is_hidden(entry->path())) {
      if (entry->is_directory()) entry.disable_recursion_pending();
    } else if (has_image_extension(entry->path().filename().string()) && entry->is_regular_file()) {
      images.push_back(entry->path());
    }
    // A link back to a folder above would be followed for ever.
    if (entry.depth() > 32) throw Error("folders are nested too deeply").file(text_of(entry->path()));
  }
  std::sort(images.begin(), images.end());
  return images;
}

class ImageFolder : public Dataset {
 public:
  void add_class(std::vector<fs::path> images) {
    for (fs::path& path : images) {
      paths_.push_back(std::move(path));
      labels_.push_back(classes_);
    }
    ++classes_;
  }

  int64_t size() const override { return static_cast<int64_t>(paths_.size()); }
  int64_t classes() const override { return classes_; }
  int64_t label(int64_t index) const override { return labels_.at(static_cast<size_t>(index)); }
  std::string name(int64_t index) const override { return text_of(paths_.at(static_cast<size_t>(index))); }

  Sample read(int64_t index) const override {
    return {read_file(paths_.at(static_cast<size_t>(index)), max_image_file), {}};
  }

 private:
  std::vector<fs::path> paths_;
  std::vector<int64_t> labels_;
  int64_t classes_ = 0;
};

std::vector<fs::path> class_folders(const fs::path& root) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_directory() && !is_hidden(entry.path())) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

}  // namespace

std::shared_ptr<Dataset> open_image_folder(const fs::path& root, int64_t min_images) {
  std::error_code code;
  if (!fs::is_directory(root, code)) {
    const std::string what = fs::exists(root, code) ? "is not a folder of images" : "does not exist";
    throw Error::usage(what).file(text_of(root)).hint(expected_form);
  }
  auto data = std::make_shared<ImageFolder>();
  try {
    for (const fs::path& folder : class_folders(root)) {
      std::vector<fs::path> images = images_below(folder);
      if (static_cast<int64_t>(images.size()) >= std::max<int64_t>(1, min_images)) data->add_class(std::move(images));
    }
  } catch (const fs::filesystem_error& failure) {
    throw Error::usage("cannot be read: " + failure.code().message()).file(text_of(failure.path1()));
  }
  if (data->classes() == 0) {
    const std::string fewest = min_images > 1 ? " with " + std::to_string(min_images) + " images or more" : "";
    throw Error::usage("holds no identity" + fewest).file(text_of(root)).hint(expected_form);
  }
  return data;
}

}  // namespace facerec
