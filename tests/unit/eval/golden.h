// Readers for the golden files of reference/evaluation.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "facerec/core/random.h"
#include "facerec/eval/verification.h"
#include "facerec/io/safetensors.h"
#include "support/reference.h"

namespace facerec::test {

inline std::filesystem::path evaluation_data(const std::string& name) {
  return test_data() / "reference" / "evaluation" / name;
}

template <class T>
std::vector<T> values(const SafetensorsFile& file, const std::string& name) {
  const TensorView& view = file.at(name);
  if (dtype_size(view.dtype) != sizeof(T)) throw std::runtime_error(name + " is " + view.dtype);
  std::vector<T> result(view.bytes.size() / sizeof(T));
  std::memcpy(result.data(), view.bytes.data(), view.bytes.size());
  return result;
}

inline double golden_number(const nlohmann::json& value) {
  if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
  return value == "inf" ? std::numeric_limits<double>::infinity() : value.get<double>();
}

// Pair i is rows 2i and 2i + 1.
inline std::vector<Pair> row_pairs(const std::vector<uint8_t>& same) {
  std::vector<Pair> pairs;
  for (uint32_t i = 0; i < same.size(); ++i) pairs.push_back({2 * i, 2 * i + 1, same[i] != 0});
  return pairs;
}

// Scores of a normal law that is `distance` deviations higher for same pairs; 2 · count pairs, alternating.
inline PairScores normal_scores(size_t count, double distance, uint64_t seed) {
  Random random("test scores", {seed});
  PairScores scores;
  for (size_t i = 0; i < 2 * count; ++i) {
    const bool same = i % 2 == 0;
    const double cosine = std::clamp(0.1 * (random.normal(0, 1) + (same ? distance : 0)), -1.0, 1.0);
    scores.cosine.push_back(cosine);
    scores.squared_l2.push_back(2 - 2 * cosine);
    scores.distance.push_back(std::sqrt(2 - 2 * cosine));
    scores.same.push_back(same);
  }
  return scores;
}

}  // namespace facerec::test
