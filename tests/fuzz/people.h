// Templates for the targets and seeds of galleries.
#pragma once

#include "facerec/gallery/matrix.h"

namespace facerec {

inline void write_people(const fs::path& file) {
  TemplateMatrixWriter writer(file, 3, 2, "key");
  const float rows[3][2] = {{1, 0}, {0, -1}, {0.6F, 0.8F}};
  for (int64_t i = 0; i < 3; ++i) writer.add(i + 1, rows[i]);
  writer.commit();
}

}  // namespace facerec
