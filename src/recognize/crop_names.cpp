#include "recognize/crop_names.h"

#include "data/pack_paths.h"

namespace facerec {
namespace {

std::string without_extension(const std::string& path) {
  return has_image_extension(path) ? path.substr(0, path.rfind('.')) : path;
}

}  // namespace

CropNames::CropNames(const AlignSource& source, const AlignOptions& options, bool as_files)
    : source_(source),
      keeps_tree_(as_files && !source.tree.empty()),
      numbered_(options.selection.faces == FaceChoice::all),
      extension_(options.jpeg_quality > 0 ? ".jpg" : ".png") {
  UniquePaths paths;
  for (int64_t image = 0; image < source.images->size(); ++image) {
    const std::string usual = usual_stem(image) + extension_, path = paths.take(usual, image);
    if (path != usual) other_stems_.emplace(image, without_extension(path));
  }
}

std::string CropNames::usual_stem(int64_t image) const {
  if (!keeps_tree_) return without_extension(packed_path(*source_.images, image));
  std::string path;
  for (const fs::path& part : fs::path(source_.place(image)))
    path += (path.empty() ? "" : "/") + plain_name(part.string());
  return without_extension(path);
}

std::string CropNames::file(int64_t image, size_t number) const {
  const auto other = other_stems_.find(image);
  const std::string stem = other == other_stems_.end() ? usual_stem(image) : other->second;
  return stem + (numbered_ ? "_" + std::to_string(number) : "") + extension_;
}

}  // namespace facerec
