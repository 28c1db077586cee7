// The two containers of torch.save: the zip archive since PyTorch 1.6, and the stream before it.
#pragma once

#include "facerec/io/tensor_file.h"
#include "io/tensor_memory.h"

namespace facerec {

// Both fill format, groups and metadata of `out`; the views lie in `memory`. Throw Error without the file's name.
void read_torch_zip(TensorMemory& memory, TensorFile& out);
void read_torch_legacy(TensorMemory& memory, TensorFile& out);

// The record of a .pth in which facerec keeps a model's metadata.
inline constexpr const char* metadata_record = ".facerec";

}  // namespace facerec
