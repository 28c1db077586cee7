// Thresholds for wanted error rates, measured with one model on one data set. Free of LibTorch.
//
// A comparison matches when its cosine is ≥ the threshold. FMR and FNMR are rates of comparisons; FPIR is the rate of
// searches with a stranger that return anybody, and depends on how many people the gallery holds (ISO/IEC 19795-1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/infer/embeddings.h"

namespace facerec {

struct Threshold {
  double cosine = 0;
  double low = 0, high = 0;  // 95 % confidence interval of the cosine
  bool supported = true;     // false: beyond what the calibration's comparisons can tell (rule of 30), extrapolated
};

// What `facerec calibrate` found.
struct Calibration {
  std::string model;  // identity
  EmbeddingRule rule = EmbeddingRule::no_flip;
  std::string data;                    // what it was measured on, for people
  uint64_t genuine = 0, impostor = 0;  // comparisons
  double default_fmr = 1e-4;           // the first that was asked for: what verify decides by
  std::optional<double> default_fpir;  // what identify decides by

  Threshold at_fmr(double fmr) const;
  Threshold at_fpir(double fpir, int64_t gallery_size) const;
};

// The calibration in the file `path` or, where that is a model's .safetensors, in its metadata; nullopt: it has none.
std::optional<Calibration> find_calibration(const fs::path& path);

}  // namespace facerec
