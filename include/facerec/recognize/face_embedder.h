// From any picture to the embeddings of the faces in it: what verify, enroll and identify share.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/face/aligner.h"
#include "facerec/face/detector.h"
#include "facerec/image/image.h"
#include "facerec/infer/embeddings.h"
#include "facerec/infer/engine.h"

namespace facerec {

struct FaceEmbedderOptions {
  EmbeddingRule rule = EmbeddingRule::no_flip;
  // "auto": a picture of exactly the size that the model takes is a crop already, others are photographs; "none": all
  // are crops, resized; else the name of the detector that finds the faces in every picture.
  std::string align = "auto";
  DetectorOptions detector = {};  // its name is that of `align`
  SelectionOptions selection = {};
};

struct EmbeddedFace {
  bool crop = false;   // the whole picture, which was a crop already; its landmarks and score mean nothing
  Face detected = {};  // in pixels of the picture
  std::vector<float> embedding = {};  // by the rule, of unit length
  float norm = 0;                     // L2 norm before that: low for blurred, dark, turned faces
};

struct EmbeddedPicture {
  int width = 0, height = 0;             // after EXIF rotation
  int64_t found = 0;                     // faces, chosen or not
  std::vector<EmbeddedFace> faces = {};  // those chosen, in the order of the choice
  std::string reason = {};               // why these, or why none
};

// Why the picture's face cannot be compared with others: none was found, or the model gives a vector of zeros, which
// has no direction; "" when the first of its faces can be.
std::string fault_of(const EmbeddedPicture& picture);

// Not thread-safe. The detector is opened with the first picture that needs it.
class FaceEmbedder {
 public:
  FaceEmbedder(Engine& engine, const FaceEmbedderOptions& options);

  const Preprocess& input() const;  // of the model: what a crop is
  int64_t dimension() const;        // of an embedding: with flip_concat twice the model's

  // The faces of all pictures are embedded in batches, so that many small pictures at once take less time than one
  // after the other; photographs of one size are also searched together.
  std::vector<EmbeddedPicture> embed(std::span<const Image> pictures);
  EmbeddedPicture embed(const fs::path& file);  // throws Error naming it when it cannot be decoded

 private:
  bool is_crop(const Image& picture) const;
  std::vector<std::vector<Face>> detect(std::span<const Image> pictures);
  void embed_crops(std::span<const Image> crops, std::span<EmbeddedFace* const> faces);
  Detector& detector();

  Engine& engine_;
  FaceEmbedderOptions options_;
  std::unique_ptr<Detector> detector_;
};

}  // namespace facerec
