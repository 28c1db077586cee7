// What engines give, and how an image and its mirror image become one embedding. Free of LibTorch.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace facerec {

// What an image and its mirror image become:
// no_flip: the image's embedding alone;
// flip_sum: the sum of the two raw embeddings (arcface_torch);
// flip_concat: the two raw embeddings one after the other (face.evoLVe, AdaFace's tables).
// The result is divided by its L2 norm; a zero vector stays zero.
enum class EmbeddingRule { no_flip, flip_sum, flip_concat };

std::string to_string(EmbeddingRule rule);
EmbeddingRule parse_embedding_rule(std::string_view name);  // throws Error (usage) that lists the names

// Values of an embedding by the rule, of a model that gives `dimension`.
constexpr size_t combined_dimension(size_t dimension, EmbeddingRule rule) {
  return rule == EmbeddingRule::flip_concat ? 2 * dimension : dimension;
}

// One embedding by the rule, of length 1 if that is asked for; returns its L2 norm before. `flipped` may be empty under
// no_flip. Throws Error when the model gave what is no number.
float combine_embedding(std::span<const float> original, std::span<const float> flipped, EmbeddingRule rule,
                        bool unit_length, std::vector<float>& out);

// [images, dimension] row-major, raw (not normalised). `flipped` is the same for the mirrored images; it may be empty
// under no_flip.
struct Embeddings {
  size_t dimension = 0;
  std::span<const float> original, flipped = {};

  size_t images() const { return original.size() / dimension; }
};

// combine_embedding() of image `image` of them.
float combine_embedding(const Embeddings& embeddings, size_t image, EmbeddingRule rule, bool unit_length,
                        std::vector<float>& out);

}  // namespace facerec
