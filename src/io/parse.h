// The parsers, over bytes in memory; what they throw does not name a file.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "facerec/io/tensor_file.h"
#include "io/tensor_memory.h"

namespace facerec {

struct SafetensorsContent {
  std::map<std::string, TensorView> tensors;
  Metadata metadata;
};

SafetensorsContent parse_safetensors(std::span<const std::byte> bytes);

TensorFile parse_tensor_file(const std::shared_ptr<TensorMemory>& memory);

}  // namespace facerec
