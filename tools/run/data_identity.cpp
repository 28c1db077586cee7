#include "tools/run/data_identity.h"

#include <fmt/format.h>

#include "facerec/io/sha256.h"

namespace facerec {
namespace {

template <class Values>
void add(Sha256& digest, const Values& values) {
  digest.add(std::as_bytes(std::span(values)));
}

void add(Sha256& digest, const std::vector<Pair>& pairs) {
  std::vector<uint32_t> numbers;
  numbers.reserve(3 * pairs.size());
  for (const auto& [a, b, same] : pairs) numbers.insert(numbers.end(), {a, b, same});
  add(digest, numbers);
}

void add_protocol(Sha256& digest, const PairSet& set) {
  add(digest, set.pairs);
  add(digest, folds_of(set));
}

void add_protocol(Sha256& digest, const TemplateSet& set) {
  add(digest, set.pairs);
  add(digest, set.template_of);
  add(digest, set.medium_of);
  add(digest, set.detector_score);
}

void add_protocol(Sha256& digest, const SearchSet& set) {
  add(digest, set.gallery);
  add(digest, set.probes);
  add(digest, set.identity);
}

void add_protocol(Sha256& digest, const AllPairsSet& set) {
  for (int64_t i = 0; i < set.images->size(); ++i) digest.add(fmt::format("{}\n", set.images->label(i)));
}

}  // namespace

std::string data_identity(const EvaluationSet& set) {
  if (set.identity.empty()) return "";
  Sha256 digest;
  digest.add(set.identity);
  std::visit([&](const auto& protocol) { add_protocol(digest, protocol); }, set.protocol);
  return digest.hex();
}

}  // namespace facerec
