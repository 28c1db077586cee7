#include "facerec/infer/embeddings.h"

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

}  // namespace facerec
