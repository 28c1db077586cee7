#include "model/super_resolution.h"

#include <algorithm>
#include <cstring>

#include "facerec/core/error.h"
#include "facerec/model/weights.h"
#include "model/bytes.h"
#include "model/check_tensors.h"
#include "model/espcn.h"
#include "model/rcan.h"

namespace facerec {
namespace {

struct Kind {
  const char* mark;  // a key that every network of the kind has, and no other
  std::shared_ptr<SuperResolutionNetwork> (*build)(const TensorMap&, const fs::path&, torch::Device);
};

const Kind kinds[] = {
    {rcan_mark, [](const TensorMap& tensors, const fs::path& path,
                   torch::Device device) { return make_rcan(rcan_layout(tensors, path), device); }},
    {espcn_mark, [](const TensorMap& tensors, const fs::path& path,
                    torch::Device device) { return make_espcn(espcn_layout(tensors, path), device); }},
};

// Empty where the mark is missing.
TensorMap tensors_of(const TensorFile& file, const char* mark) {
  TensorMap tensors;
  for (const TensorGroup& group : file.groups) {
    const auto found = std::find_if(group.tensors.begin(), group.tensors.end(),
                                    [&](const NamedTensor& tensor) { return tensor.name.ends_with(mark); });
    if (found == group.tensors.end()) continue;
    const std::string prefix = found->name.substr(0, found->name.size() - std::strlen(mark));
    for (const auto& [name, view] : group.tensors) {
      if (name.starts_with(prefix)) tensors.insert_or_assign(name.substr(prefix.size()), view);
    }
    break;
  }
  return tensors;
}

std::shared_ptr<SuperResolutionNetwork> load(const Kind& kind, const TensorMap& tensors, const fs::path& path) {
  check_tensors(state_dict(*kind.build(tensors, path, torch::kMeta)), tensors, path);
  auto network = kind.build(tensors, path, torch::kCPU);
  network->eval();
  const torch::NoGradGuard without_gradient;
  for (const auto& [name, tensor] : state_dict(*network)) torch::Tensor(tensor).copy_(tensor_of(tensors.at(name)));
  return network;
}

}  // namespace

std::shared_ptr<SuperResolutionNetwork> load_super_resolution(const TensorFile& file) {
  for (const Kind& kind : kinds) {
    const TensorMap tensors = tensors_of(file, kind.mark);
    if (!tensors.empty()) return load(kind, tensors, file.path);
  }
  throw Error("holds no network of super-resolution that facerec knows")
      .file(text_of(file.path))
      .hint(
          "of PyTorch's files it reads RCAN with the keys of yulunzhang/RCAN and ESPCN with those of "
          "yjn870/ESPCN-pytorch; of others, export to .onnx");
}

int64_t rows(const TensorMap& tensors, const std::string& key) {
  const auto found = tensors.find(key);
  return found == tensors.end() || found->second.shape.empty() ? 0 : found->second.shape[0];
}

}  // namespace facerec
