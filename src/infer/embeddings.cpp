#include "facerec/infer/embeddings.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "facerec/core/error.h"

namespace facerec {
namespace {

constexpr std::pair<EmbeddingRule, const char*> rule_names[] = {{EmbeddingRule::no_flip, "no_flip"},
                                                                {EmbeddingRule::flip_sum, "flip_sum"},
                                                                {EmbeddingRule::flip_concat, "flip_concat"}};

}  // namespace

std::string to_string(EmbeddingRule rule) {
  for (const auto& [value, name] : rule_names) {
    if (value == rule) return name;
  }
  throw Error("an embedding rule without a name");
}

EmbeddingRule parse_embedding_rule(std::string_view name) {
  for (const auto& [value, known] : rule_names) {
    if (name == known) return value;
  }
  throw Error::usage("unknown flip rule '" + std::string(name) + "'").hint("known: no_flip, flip_sum, flip_concat");
}

float combine_embedding(std::span<const float> original, std::span<const float> flipped, EmbeddingRule rule,
                        bool unit_length, std::vector<float>& out) {
  out.assign(original.begin(), original.end());
  if (rule == EmbeddingRule::flip_sum) {
    std::ranges::transform(out, flipped, out.begin(), std::plus<>());
  } else if (rule == EmbeddingRule::flip_concat) {
    out.insert(out.end(), flipped.begin(), flipped.end());
  }
  double square = 0;
  for (const float value : out) square += double{value} * value;
  if (!std::isfinite(square)) {
    throw Error("the model gives an embedding that holds NaN or an infinity")
        .hint("it diverged in training, or was read with the wrong architecture or preprocessing");
  }
  const double norm = std::sqrt(square);
  if (unit_length && norm > 0) {
    for (float& value : out) value = static_cast<float>(value / norm);
  }
  return static_cast<float>(norm);
}

float combine_embedding(const Embeddings& embeddings, size_t image, EmbeddingRule rule, bool unit_length,
                        std::vector<float>& out) {
  const auto row = [&](std::span<const float> all) {
    return all.empty() ? all : all.subspan(image * embeddings.dimension, embeddings.dimension);
  };
  return combine_embedding(row(embeddings.original), row(embeddings.flipped), rule, unit_length, out);
}

}  // namespace facerec
