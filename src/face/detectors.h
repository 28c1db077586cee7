// The detectors that open_detector() knows, each with its weights at hand.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "facerec/face/detector.h"

namespace facerec {

std::unique_ptr<Detector> open_mtcnn(const DetectorOptions& options, std::span<const fs::path> weights);  // P, R, O
std::unique_ptr<Detector> open_retinaface(const DetectorOptions& options, const fs::path& weights);
std::unique_ptr<Detector> open_yunet(const DetectorOptions& options, const fs::path& weights);
std::unique_ptr<Detector> open_haar(const DetectorOptions& options, const fs::path& cascades);

// Indices of the images of each size, in the order in which the sizes come first.
std::vector<std::vector<size_t>> groups_of_one_size(std::span<const Image> images);

// Throws Error when something in `values`, fp32 on the CPU, is no number.
void expect_numbers(const at::Tensor& values, const std::string& detector);

}  // namespace facerec
