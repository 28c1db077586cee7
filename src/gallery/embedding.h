// Embeddings as they lie in a gallery, checked before they are used.
#pragma once

#include <span>

#include "gallery/sqlite.h"

namespace facerec {

// Column `column` of the row of image `image`. Throws Error naming the file when it is not as long as `out`, or not of
// unit length.
void read_embedding(const Statement& row, int column, int64_t image, const fs::path& file, std::span<float> out);

// Throws Error unless it is a positive number that fp32 holds.
double read_quality(const Statement& row, int column, int64_t image, const fs::path& file);

}  // namespace facerec
