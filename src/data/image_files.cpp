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

// The folders beside the identity's own stay in the name, so that a deep tree's images keep apart.
std::string ImageFiles::relative_path(int64_t index) const {
  const std::string identity = class_name(label(index));
  std::string file;
  bool left_out = false;
  for (const fs::path& part : fs::path(paths_[static_cast<size_t>(index)]).relative_path()) {
    if (!left_out && part == identity) {
      left_out = true;
    } else if (part != "." && part != "..") {
      file += (file.empty() ? "" : "_") + part.string();
    }
  }
  return identity + "/" + file;
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
