#include "recognize/photo.h"

#include <algorithm>
#include <utility>

#include "facerec/core/error.h"
#include "facerec/image/exif.h"

namespace facerec {
namespace {

// The centre of a pixel of the reduced photograph lies at reduction·x + shift in the whole.
double shift_of(int reduction) { return (reduction - 1) / 2.0; }

Similarity from_reduced(const Similarity& from_whole, int reduction) {
  const double shift = shift_of(reduction);
  Similarity result = from_whole;
  for (size_t row = 0; row < 6; row += 3) {
    const double a = from_whole.matrix[row], b = from_whole.matrix[row + 1];
    result.matrix[row] = a * reduction;
    result.matrix[row + 1] = b * reduction;
    result.matrix[row + 2] += (a + b) * shift;
  }
  result.scale *= reduction;
  return result;
}

// The size of the whole of a reduced photograph; EXIF may have turned it by a quarter.
void tell_size(Photo& photo, std::span<const std::byte> encoded) {
  photo.width = photo.pixels.width;
  photo.height = photo.pixels.height;
  if (photo.reduction == 1) return;
  const ImageHeader header = probe_image(encoded);
  const bool is_turned = header.format == ImageFormat::jpeg
                             ? exif_orientation(encoded) >= 5
                             : photo.pixels.width != (header.width + photo.reduction - 1) / photo.reduction;
  photo.width = is_turned ? header.height : header.width;
  photo.height = is_turned ? header.width : header.height;
}

}  // namespace

Photo load_photo(const Dataset& images, int64_t index, int reduction) {
  Sample sample = images.read(index);
  Photo photo;
  try {
    photo.reduction = sample.pixels.rgb.empty() ? reduction : 1;
    photo.pixels = sample.pixels.rgb.empty() ? decode_image(sample.encoded, reduction) : std::move(sample.pixels);
    tell_size(photo, sample.encoded);
  } catch (Error& error) {
    throw std::move(error).file(images.name(index));
  }
  return photo;
}

void to_whole(const Photo& photo, std::vector<Face>& faces) {
  if (photo.reduction == 1) return;
  const auto factor = static_cast<float>(photo.reduction);
  const auto shift = static_cast<float>(shift_of(photo.reduction));
  const auto whole = [&](float& x) { x = factor * x + shift; };
  for (Face& face : faces) {
    for (float* side : {&face.box.x1, &face.box.y1, &face.box.x2, &face.box.y2}) whole(*side);
    for (Point& point : face.landmarks) {
      whole(point.x);
      whole(point.y);
    }
  }
}

bool is_fine_enough(int reduction, const ImageRecord& record, const CropShape& shape) {
  return reduction == 1 || std::ranges::all_of(record.crops, [&](const CropRecord& crop) {
           if (crop.face) return crop.transform.scale * reduction <= 1;
           return record.width >= shape.width * reduction && record.height >= shape.height * reduction;
         });
}

Image cut(const Photo& photo, const CropRecord& crop, const CropShape& shape) {
  if (!crop.face) return crop_center(photo.pixels, shape);
  return warp(photo.pixels, from_reduced(crop.transform, photo.reduction), shape);
}

}  // namespace facerec
