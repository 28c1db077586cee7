#include "gallery/embedding.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "facerec/core/error.h"
#include "facerec/gallery/matrix.h"

namespace facerec {
namespace {

Error damaged(const std::string& what, int64_t image, const fs::path& file) {
  return Error(Error(fmt::format("is damaged: the {} of image {} is none", what, image))
                   .file(text_of(file))
                   .hint(fmt::format("take a copy of it, or remove the image: --remove-image {}", image)));
}

}  // namespace

void read_embedding(const Statement& row, int column, int64_t image, const fs::path& file, std::span<float> out) {
  const std::span<const std::byte> blob = row.blob(column);
  if (blob.size() != out.size_bytes()) throw damaged("embedding", image, file);
  std::memcpy(out.data(), blob.data(), blob.size());
  if (!is_unit(out)) throw damaged("embedding", image, file);
}

double read_quality(const Statement& row, int column, int64_t image, const fs::path& file) {
  const double quality = row.real(column);
  if (!(quality > 0 && quality <= double{std::numeric_limits<float>::max()})) throw damaged("quality", image, file);
  return quality;
}

}  // namespace facerec
