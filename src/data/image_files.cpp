#include "data/image_files.h"

#include "facerec/core/error.h"

namespace facerec {

std::vector<std::byte> read_image_file(const fs::path& path) {
  std::error_code code;
  const fs::file_type type = fs::status(path, code).type();
  // A device or a pipe might never end.
  if (type != fs::file_type::regular && type != fs::file_type::not_found && type != fs::file_type::none) {
    throw Error("is not a file of an image").file(text_of(path));
  }
  return read_file(path, max_image_file);
}

std::string ImageFiles::relative_path(int64_t index) const {
  const fs::path path(paths_[static_cast<size_t>(index)]);
  return class_name(label(index)) + "/" + path.filename().string();
}

uint32_t NamedClasses::number_of(const std::string& name) {
  return numbers_.try_emplace(name, static_cast<uint32_t>(numbers_.size())).first->second;
}

std::vector<uint32_t> NamedClasses::add_to(ImageFiles& files) const {
  std::vector<uint32_t> labels(numbers_.size());
  for (const auto& [name, number] : numbers_) labels[number] = files.add_class(name);
  return labels;
}

}  // namespace facerec
