// Weights that Keras wrote under the names of our own networks.
#pragma once

#include <optional>

#include "facerec/io/tensor_file.h"

namespace facerec {

// The backbone in a file of arcface-tf2 (open_keras_file, open_tensorflow_checkpoint) as resnet50_tf2 calls and shapes
// it: kernels are transposed by strides, nothing is copied, and the views show the memory of `file`. The head, the
// optimizer's variables and counters are left out; num_batches_tracked, which Keras does not count, is not there.
// nullopt when the file does not hold a whole ResNet50 with the output layer behind it.
std::optional<TensorGroup> as_resnet50_tf2(const TensorFile& file);

}  // namespace facerec
