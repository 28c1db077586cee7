// The faces in the pictures of a data set.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "facerec/data/dataset.h"
#include "facerec/recognize/face_embedder.h"

namespace facerec {

// `error`: why the picture could not be read; "": it could be.
using TakePicture = std::function<void(int64_t index, const EmbeddedPicture& picture, const std::string& error)>;

// Embeds every picture in its order; several threads decode (0: the cores available). In memory that does not grow with
// the pictures.
void embed_pictures(FaceEmbedder& embedder, const Dataset& pictures, int threads, const TakePicture& take);

}  // namespace facerec
