// A photograph, perhaps decoded at a fraction of its size.
#pragma once

#include "facerec/data/dataset.h"
#include "facerec/face/alignment.h"
#include "recognize/align_record.h"

namespace facerec {

struct Photo {
  Image pixels;
  int reduction = 1;          // one pixel of `pixels` is of so many of the photograph, in x and in y
  int width = 0, height = 0;  // of the whole photograph, after EXIF rotation
};

// Throws Error naming the image. Images that the set holds as pixels are not reduced.
Photo load_photo(const Dataset& images, int64_t index, int reduction);

// Faces found in photo.pixels, in pixels of the whole photograph.
void to_whole(const Photo& photo, std::vector<Face>& faces);

// Whether at that reduction the photograph has as many pixels as each of its crops shows.
bool is_fine_enough(int reduction, const ImageRecord& record, const CropShape& shape);

Image cut(const Photo& photo, const CropRecord& crop, const CropShape& shape);

}  // namespace facerec
