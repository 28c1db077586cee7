// Procedural faces: a data set that needs no download and no licence, for trying out training and evaluation.
//
// A person is a set of numbers (shape of head, eyes, brows, nose and mouth, hair, skin, marks); a picture of one adds
// pose, expression, light, age, glasses, covers, background, blur and noise. The pictures look like faces aligned to
// ArcFace's 112 × 112 template, a few pixels off as real alignment is. Equal seeds give equal bytes, on any number of
// threads.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "facerec/config/fields.h"
#include "facerec/core/files.h"
#include "facerec/image/image.h"

namespace facerec {

struct SynthConfig {
  int64_t identities = 800;
  int64_t images_per_identity = 14;
  int64_t size = 112;  // pixels, width and height
  int64_t seed = 1;
  int64_t pairs = 6000;     // for verification, of identities that are not among `identities`; 0: none
  double difficulty = 1.0;  // how far pose, light, expression … reach; 0: frontal, neutral, evenly lit
};

inline void describe(Fields& fields, SynthConfig& c) {
  fields("identities", c.identities, "identities to train on", between(1, 1'000'000));
  fields("images_per_identity", c.images_per_identity, "images of each identity", between(1, 10'000));
  fields("size", c.size, "width and height of the images, in pixels", between(16, 1024));
  fields("seed", c.seed, "equal seeds give equal files", at_least(0));
  fields("pairs", c.pairs, "pairs for verification, a multiple of 20 (10 folds, half of each the same person); 0: none",
         between(0, 1'000'000));
  fields("difficulty", c.difficulty, "how much pose, light, expression, covers and noise differ", between(0, 2));
}

struct SynthFace {
  Image image;  // size × size
  // Pixels: image-left eye, image-right eye, tip of the nose, image-left and image-right corner of the mouth. Pixel
  // centres are at .5.
  std::array<std::array<float, 2>, 5> landmarks;

  std::string expression;    // E01 neutral, E02 smile, E03 surprise
  std::string camera_angle;  // C1 … C9: face turned to the image's left, front, right (by 12 degrees) within looking
                             // up, level, down (by 6)
  float yaw, pitch, roll;  // degrees; yaw > 0: turned to the image's right, pitch > 0: looking up, roll > 0: clockwise
  std::string glasses;     // none, clear, sun
  std::string occlusion;   // none, mask, object
  int age;                 // years
  std::string light;       // where the lamp is: front, left, right (beyond 25 degrees), above, below
  int jpeg_quality;        // to encode it with
};

// Image `image` of person `identity`. Any numbers are valid; training identities are 0 … identities − 1.
SynthFace render_synthetic_face(const SynthConfig& config, uint64_t identity, uint64_t image);

struct SynthSummary {
  int64_t images = 0;  // of both parts
  int64_t train_identities = 0, eval_identities = 0, pairs = 0;
};

// Writes
//   out/train/id00001/id00001_0001.jpg …   a folder for each identity
//   out/eval/ev00001/ev00001_0001.jpg …    identities of the ten folds, each fold with its own
//   out/eval/pairs.txt                     as LFW's: "10<TAB>n", then in each fold n same and n different pairs
//   out/{train,eval}/attributes.csv        the fields of SynthFace for each image
// A fold has as many identities as give each at most 10 same pairs, and at least 2; an identity of eval has
// images_per_identity images, but at least 2. No pair occurs twice.
//
// Throws Error (usage) when `pairs` is no multiple of 20, or when `out` is not empty and `force` is not given. `force`
// replaces train/ and eval/ and leaves everything else in `out`. Both parts appear together, whole, in an empty `out`;
// with `force` they are replaced one after the other once both are made. `progress` is called after each image by one
// thread at a time; what it throws ends the work. threads: 0 for all cores.
SynthSummary write_synthetic_set(const SynthConfig& config, const fs::path& out, int threads, bool force,
                                 const std::function<void(int64_t done, int64_t total)>& progress);

}  // namespace facerec
