// What a model expects and gives. Free of LibTorch.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace facerec {

// The bounds of what configuration or a file may ask for.
inline constexpr int64_t max_embedding_size = 65536;
inline constexpr int64_t min_input_side = 16, max_input_side = 1024;

// From 8-bit RGB to the network's input: resized to width × height, channels reversed when `bgr`, then
// (x/255 − mean)/std per channel, in the network's channel order.
struct Preprocess {
  int width = 112, height = 112;
  bool bgr = false;
  std::array<float, 3> mean{0.5F, 0.5F, 0.5F};
  std::array<float, 3> std{0.5F, 0.5F, 0.5F};

  bool operator==(const Preprocess&) const = default;
};

struct ModelSpec {
  std::string architecture;  // a name of the registry
  int64_t embedding_size = 0;
  Preprocess preprocess = {};
  bool unit_length = false;  // the published network returns embeddings of length 1 (InsightFace_Pytorch)

  bool operator==(const ModelSpec&) const = default;
};

}  // namespace facerec
