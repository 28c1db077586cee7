// Weights in a .npy file: a dictionary of arrays, as numpy.save pickles it. face.evoLVe publishes MTCNN so.
#pragma once

#include "facerec/io/tensor_file.h"
#include "io/tensor_memory.h"

namespace facerec {

// Fills format and groups of `out`, one tensor an array of floating-point numbers. Throws Error without the file's name
// for a .npy file that holds anything else.
void read_numpy_weights(TensorMemory& memory, TensorFile& out);

}  // namespace facerec
