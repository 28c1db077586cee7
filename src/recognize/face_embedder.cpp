#include "facerec/recognize/face_embedder.h"

#include <algorithm>

#include "facerec/core/error.h"

namespace facerec {
namespace {

// Largest file of a picture that is read: more than any camera writes.
constexpr uint64_t max_file = uint64_t{1} << 30;

}  // namespace

FaceEmbedder::FaceEmbedder(Engine& engine, const FaceEmbedderOptions& options) : engine_(engine), options_(options) {}

int64_t FaceEmbedder::dimension() const {
  return engine_.spec().embedding_size * (options_.rule == EmbeddingRule::flip_concat ? 2 : 1);
}

EmbeddedPicture FaceEmbedder::embed(const Image& picture) {
  const Preprocess& input = engine_.spec().preprocess;
  const CropShape shape{input.width, input.height};
  EmbeddedPicture result{.width = picture.width, .height = picture.height};
  std::vector<Image> crops;
  const bool fits = picture.width == input.width && picture.height == input.height;
  if (options_.align == "none" || (options_.align == "auto" && fits)) {
    result.found = 1;
    result.reason = "the whole picture, which is a crop already";
    EmbeddedFace whole{.crop = true};
    whole.face.box = {0, 0, static_cast<float>(picture.width), static_cast<float>(picture.height)};
    result.faces.push_back(std::move(whole));
    crops.push_back(resize(picture, input.width, input.height));
  } else {
    const Alignment found = choose_faces(std::move(detector().detect({&picture, 1}).front()), picture.width,
                                         picture.height, shape, options_.selection);
    result.found = static_cast<int64_t>(found.faces.size());
    result.reason = found.reason;
    for (const size_t chosen : found.chosen) {
      EmbeddedFace face;
      face.face = found.faces[chosen].face;
      result.faces.push_back(std::move(face));
      crops.push_back(crop_face(picture, found.faces[chosen], shape));
    }
  }
  embed_crops(crops, result.faces);
  return result;
}

EmbeddedPicture FaceEmbedder::embed(const fs::path& file) {
  try {
    return embed(decode_image(read_file(file, max_file)));
  } catch (Error& error) {
    if (!error.file().empty()) throw;
    throw std::move(error).file(text_of(file));
  }
}

void FaceEmbedder::embed_crops(std::vector<Image>& crops, std::vector<EmbeddedFace>& faces) {
  const Preprocess& input = engine_.spec().preprocess;
  const auto length = static_cast<size_t>(engine_.spec().embedding_size);
  const size_t pixels = static_cast<size_t>(input.width) * static_cast<size_t>(input.height) * 3;
  for (size_t begin = 0; begin < crops.size(); begin += batch) {
    const size_t count = std::min(batch, crops.size() - begin);
    std::vector<uint8_t> images;
    images.reserve(count * pixels);
    for (size_t i = 0; i < count; ++i)
      images.insert(images.end(), crops[begin + i].rgb.begin(), crops[begin + i].rgb.end());
    std::vector<float> original(count * length), flipped;
    engine_.embed(images, static_cast<int64_t>(count), original);
    if (options_.rule != EmbeddingRule::no_flip) {
      flipped.resize(original.size());
      mirror(images.data(), input.width, static_cast<int>(count) * input.height);
      engine_.embed(images, static_cast<int64_t>(count), flipped);
    }
    for (size_t i = 0; i < count; ++i) {
      EmbeddedFace& face = faces[begin + i];
      const auto row = [&](const std::vector<float>& all) {
        return all.empty() ? std::span<const float>() : std::span(all).subspan(i * length, length);
      };
      face.norm = combine_embedding(row(original), row(flipped), options_.rule, true, face.embedding);
    }
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
