// Whether a file's tensors are those of a network, before any memory is taken for it.
#pragma once

#include <map>
#include <string>

#include "facerec/io/tensor_file.h"
#include "facerec/model/weights.h"

namespace facerec {

// Throws an Error naming file and key unless `tensors` are exactly those of `targets`, which may be on the meta device,
// as load_into() wants them.
void check_tensors(const NamedTensors& targets, const std::map<std::string, TensorView>& tensors, const fs::path& path);

}  // namespace facerec
