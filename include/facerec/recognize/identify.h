// Who is in a picture: the faces of it against a gallery, open set.
//
// `facerec identify --json` is a contract with scripts; undefined values are null:
//
//     {"schema": 1, "gallery": {"path", "people", "model"},           model: its identity
//      "threshold": {"cosine", "squared_l2", "origin",                origin: option | calibration | model
//                    "cosine_ci95": [low, high], "fpir",            of a calibration, as the rest of it
//                    "gallery_size", "supported", "file", "data"},
//      "recall": {"queries", "k", "probes", "at_1", "at_k", …},       of --index ivf; null: the search is exact
//      "counts": {"images", "skipped", "faces", "known", "unknown"},
//      "images": [{"image", "width", "height", "found", "reason", "error",      error: why it could not be read
//                  "faces": [{"crop", "box": [x1, y1, x2, y2], "score", "landmarks": [[x, y] × 5], "norm",
//                             "known", "name",                        name: null of a stranger
//                             "cosine", "squared_l2", "margin",       of the nearest person; ahead of the second
//                             "candidates": [{"name", "person", "cosine", "squared_l2"}]}]}]}    as many as --top
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "facerec/data/dataset.h"
#include "facerec/gallery/gallery.h"
#include "facerec/recognize/face_embedder.h"

namespace facerec {

struct IdentifiedFace {
  EmbeddedFace embedded = {};
  std::vector<Candidate> candidates = {};  // descending; at least two where the gallery has them
  bool known = false;                      // the first candidate reaches the threshold

  // How far the best candidate is ahead of the second: a small margin tells of people who look alike, or of one person
  // under two names. 0 without a second.
  float margin() const { return candidates.size() < 2 ? 0 : candidates[0].cosine - candidates[1].cosine; }
};

struct IdentifiedPicture {
  EmbeddedPicture picture = {};  // without its faces
  std::vector<IdentifiedFace> faces = {};
  std::string error = {};  // why the picture could not be read; "": it could be
};

// The best `count` people of each query: Gallery::search_people, or the one by the index.
using GallerySearch =
    std::function<std::vector<std::vector<Candidate>>(std::span<const float> queries, int64_t n, int64_t count)>;

class Identifier {
 public:
  // `threshold`: the cosine from which on the best candidate is who it is.
  Identifier(FaceEmbedder& embedder, GallerySearch search, double threshold, int64_t candidates);

  // One entry a picture.
  std::vector<IdentifiedPicture> identify(std::span<const Image> pictures);

  // Every image of a data set, in order; `take` gets the picture too, empty where it could not be read, and returns
  // whether to go on. In memory that does not grow with the images.
  using Take = std::function<bool(int64_t index, const IdentifiedPicture& identified, Image& picture)>;
  void identify(const Dataset& images, int threads, const Take& take);  // that decode; 0: the cores available

 private:
  FaceEmbedder& embedder_;
  GallerySearch search_;
  double threshold_;
  int64_t candidates_;
};

}  // namespace facerec
