// Writing PyTorch's .pth, for programs that read nothing else. The project's own format is .safetensors.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/io/tensor_file.h"

namespace facerec {

// A state_dict (collections.OrderedDict of name: tensor, in the order given) in the zip archive of PyTorch ≥ 1.6:
// stored records aligned to 64 bytes, so that torch.load(path, weights_only=True, mmap=True) takes it. Strides are
// kept. `metadata` lies in a record of its own, "<archive>/.facerec" (a JSON object of texts), which PyTorch passes by.
// Written whole or not at all. Throws Error when names repeat, a view's size does not fit its shape, or PyTorch
// has no such dtype.
void write_torch_file(const fs::path& path, std::span<const NamedTensor> tensors, const Metadata& metadata = {});

// What torch.save makes of Python's plain values, such as an optimizer's state_dict.
struct TorchValue {
  struct Entry;
  using List = std::vector<TorchValue>;
  using Dict = std::vector<Entry>;  // in this order; keys differ
  std::variant<bool, int64_t, double, TensorView, List, Dict> value;
};

struct TorchValue::Entry {
  std::variant<int64_t, std::string> key;
  TorchValue value;
};

// The same archive with any such value at its top.
void write_torch_file(const fs::path& path, const TorchValue& value);

}  // namespace facerec
