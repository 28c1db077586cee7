// Pictures of known people into a gallery: what `facerec enroll` does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "facerec/data/dataset.h"
#include "facerec/gallery/gallery.h"
#include "facerec/recognize/face_embedder.h"

namespace facerec {

// A data set and whose pictures it holds: of the person `name` or, where that is empty, of those whom its classes name.
struct EnrollInput {
  std::shared_ptr<const Dataset> images;
  std::string name = {};
};

struct EnrollNote {
  std::string image, name, reason;
};

struct EnrollSummary {
  int64_t images = 0;  // looked at: enrolled + already + left_out
  int64_t enrolled = 0;
  int64_t already = 0;               // with these bytes, for this person
  std::vector<EnrollNote> left_out;  // and why: no face, several, not decodable, no usable name, enrolled for another
  std::vector<EnrollNote> warnings;  // of images that are enrolled
  int signal = 0;                    // that stopped it; the same call goes on
};

// Enrolls the images that the gallery does not hold yet, in the order of the sets, some at a time, each time in one
// transaction: a call that is killed has lost the last of them, and the same call goes on. Calling it again with the
// same images changes nothing. A picture of which the embedder chooses several faces is left out, since nobody can say
// whose template it would change. `threads` decode; 0: the cores available. `progress` is called with the number of
// images done.
//
// Warns of an image
// - whose embedding is nearer to another person than to the other images of its own by more than 0.1 or, where it is
//   the only one, nearer to another than a cosine of 0.6. Both are rules of thumb: with published models two people are
//   rarely nearer than 0.4.
// - whose norm is below half the median of the call, from 8 images on: blurred, dark or turned away.
// - whose face in a photograph is smaller than half the model's input, so that three of four pixels are interpolated.
//
// Throws Error when the gallery cannot be written.
EnrollSummary enroll(Gallery& gallery, FaceEmbedder& embedder, const std::vector<EnrollInput>& inputs, int threads = 0,
                     const std::function<void(int64_t)>& progress = {});

}  // namespace facerec
