#pragma once

#include "facerec/core/files.h"

// The seeds of fuzz_gallery, fuzz_images, fuzz_index, fuzz_matrix, fuzz_onnx and fuzz_tensorflow, below `corpus`.
void write_files(const facerec::fs::path& corpus);
