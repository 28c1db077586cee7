#include "facerec/recognize/face_embedder.h"

#include <algorithm>

#include "facerec/core/error.h"

namespace facerec {
namespace {

// Largest file of a picture that is read: more than any camera writes.
constexpr uint64_t max_file = uint64_t{1} << 30;

constexpr size_t batch = 32;  // crops that are embedded at a time

EmbeddedFace whole_picture(const Image& picture) {
  EmbeddedFace face;
  face.crop = true;
  face.detected.box = {0, 0, static_cast<float>(picture.width), static_cast<float>(picture.height)};
  return face;
}

}  // namespace

std::string fault_of(const EmbeddedPicture& picture) {
  if (picture.faces.empty()) return "no face: " + picture.reason;
  return picture.faces.front().norm > 0 ? "" : "the model gives a zero vector";
}

FaceEmbedder::FaceEmbedder(Engine& engine, const FaceEmbedderOptions& options) : engine_(engine), options_(options) {}

const Preprocess& FaceEmbedder::input() const { return engine_.spec().preprocess; }

int64_t FaceEmbedder::dimension() const {
  const auto own = static_cast<size_t>(engine_.spec().embedding_size);
  return static_cast<int64_t>(combined_dimension(own, options_.rule));
}

bool FaceEmbedder::is_crop(const Image& picture) const {
  const Preprocess& input = this->input();
  return options_.align == "none" ||
         (options_.align == "auto" && picture.width == input.width && picture.height == input.height);
}

std::vector<EmbeddedPicture> FaceEmbedder::embed(std::span<const Image> pictures) {
  const CropShape shape{engine_.spec().preprocess.width, engine_.spec().preprocess.height};
  std::vector<std::vector<Face>> found = detect(pictures);
  std::vector<EmbeddedPicture> results(pictures.size());
  std::vector<Image> crops;
  for (size_t i = 0; i < pictures.size(); ++i) {
    const Image& picture = pictures[i];
    EmbeddedPicture& result = results[i];
    result.width = picture.width;
    result.height = picture.height;
    if (is_crop(picture)) {
      result.found = 1;
      result.reason = "the whole picture, which is a crop already";
      result.faces.push_back(whole_picture(picture));
      crops.push_back(resize(picture, shape.width, shape.height));
      continue;
    }
    const Alignment alignment =
        choose_faces(std::move(found[i]), picture.width, picture.height, shape, options_.selection);
    result.found = static_cast<int64_t>(alignment.faces.size());
    result.reason = alignment.reason;
    for (const size_t chosen : alignment.chosen) {
      EmbeddedFace face;
      face.detected = alignment.faces[chosen].face;
      result.faces.push_back(std::move(face));
      crops.push_back(crop_face(picture, alignment.faces[chosen], shape));
    }
  }
  std::vector<EmbeddedFace*> faces;
  for (EmbeddedPicture& result : results) {
    for (EmbeddedFace& face : result.faces) faces.push_back(&face);
  }
  for (size_t begin = 0; begin < crops.size(); begin += batch) {
    const size_t count = std::min(batch, crops.size() - begin);
    embed_crops(std::span(crops).subspan(begin, count), std::span(faces).subspan(begin, count));
  }
  return results;
}

EmbeddedPicture FaceEmbedder::embed(const fs::path& file) {
  try {
    const Image picture = decode_image(read_file(file, max_file));
    return std::move(embed({&picture, 1}).front());
  } catch (Error& error) {
    if (!error.file().empty()) throw;
    throw std::move(error).file(text_of(file));
  }
}

// No faces for those that are crops already.
std::vector<std::vector<Face>> FaceEmbedder::detect(std::span<const Image> pictures) {
  const auto crops = std::count_if(pictures.begin(), pictures.end(), [&](const Image& each) { return is_crop(each); });
  if (crops == 0 && !pictures.empty()) return detector().detect(pictures);
  std::vector<std::vector<Face>> found(pictures.size());
  std::vector<Image> photographs;
  std::vector<size_t> places;
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (is_crop(pictures[i])) continue;
    photographs.push_back(pictures[i]);
    places.push_back(i);
  }
  if (photographs.empty()) return found;
  std::vector<std::vector<Face>> faces = detector().detect(photographs);
  for (size_t i = 0; i < places.size(); ++i) found[places[i]] = std::move(faces[i]);
  return found;
}

void FaceEmbedder::embed_crops(std::span<const Image> crops, std::span<EmbeddedFace* const> faces) {
  const Preprocess& input = this->input();
  const auto length = static_cast<size_t>(engine_.spec().embedding_size);
  std::vector<uint8_t> pixels;
  for (const Image& crop : crops) pixels.insert(pixels.end(), crop.rgb.begin(), crop.rgb.end());
  std::vector<float> original(crops.size() * length), flipped;
  engine_.embed(pixels, static_cast<int64_t>(crops.size()), original);
  if (options_.rule != EmbeddingRule::no_flip) {
    flipped.resize(original.size());
    mirror(pixels.data(), input.width, static_cast<int>(crops.size()) * input.height);
    engine_.embed(pixels, static_cast<int64_t>(crops.size()), flipped);
  }
  const Embeddings embeddings{length, original, flipped};
  for (size_t i = 0; i < crops.size(); ++i) {
    faces[i]->norm = combine_embedding(embeddings, i, options_.rule, true, faces[i]->embedding);
  }
}

Detector& FaceEmbedder::detector() {
  if (!detector_) {
    DetectorOptions detector = options_.detector;
    detector.name = options_.align;
    detector_ = open_detector(detector);
  }
  return *detector_;
}

}  // namespace facerec
