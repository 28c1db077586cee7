// The precision that an engine computes in, where it is left to us.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "facerec/infer/engine.h"

namespace facerec {

// Opens an engine in fp32, bf16 or fp16.
using OpenEngine = std::function<std::unique_ptr<Engine>(const std::string& precision)>;

// The engine in this precision, on a device "cpu" or "cuda:N". Throws a usage Error for one that the device lacks.
//
// auto: fp32 at first. If the device computes bf16 natively, the images of the first call with `images_for_check` of
// them are embedded in bf16 as well. When every cosine between the two embeddings of an image is `least_cosine` or
// more, these and all later embeddings are those of bf16, and the engine in fp32 is closed; else it stays. `open` is
// let go with the decision. So which precision a set of images gets depends on nothing but the model, the CPU, and the
// images of that call; smaller calls never pay for a second engine.
std::unique_ptr<Engine> with_precision(const std::string& precision, const std::string& device, OpenEngine open);

// Throws a usage Error for a precision that the device lacks.
void check_precision(const std::string& precision, const std::string& device);

// Fewer are not worth a second graph: that of ir_se_50 takes as long to build (0.6 s) as these take in fp32.
inline constexpr int64_t images_for_check = 16;

// Rounding to bf16 (8 bits) leaves 0.9999 of trained networks; a network that it upsets falls far below.
inline constexpr double least_cosine = 0.9995;

}  // namespace facerec
