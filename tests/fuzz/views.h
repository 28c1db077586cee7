// What a program does with an opened file: reads every byte of every view, and every element's place.
#pragma once

#include <cstdlib>

#include "facerec/io/tensor_file.h"

namespace facerec::fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

inline void use(const TensorFile& file) {
  uint64_t budget = 1 << 22;  // bytes read; an input may name one storage very often
  unsigned sum = 0;
  for (const TensorGroup& group : file.groups) {
    for (const NamedTensor& tensor : group.tensors) {
      const TensorView& view = tensor.view;
      uint64_t row = 1, last = 0;
      for (size_t i = view.shape.size(); i-- > 0;) {
        last += static_cast<uint64_t>(view.shape[i] - 1) *
                (view.strides.empty() ? row : static_cast<uint64_t>(view.strides[i]));
        row *= static_cast<uint64_t>(view.shape[i]);
      }
      require(dtype_size(view.dtype) > 0);
      require(view.strides.empty() || view.strides.size() == view.shape.size());
      require(view.bytes.size() == (row == 0 ? 0 : (last + 1) * dtype_size(view.dtype)));
      if (view.bytes.size() > budget) continue;
      budget -= view.bytes.size();
      for (std::byte byte : view.bytes) sum += static_cast<unsigned>(byte);
    }
  }
  [[maybe_unused]] volatile unsigned sink = sum;
}

}  // namespace facerec::fuzz
