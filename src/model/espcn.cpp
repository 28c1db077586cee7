#include "model/espcn.h"

#include <fmt/format.h>

#include "facerec/core/error.h"
#include "model/initialise.h"
#include "model/super_resolution_layers.h"

namespace facerec {
namespace {

using torch::Tensor;
using namespace layers;

class Tanh final : public Layer {
 public:
  Tensor forward(const Tensor& x) override { return torch::tanh(x); }
};

class EspcnNetwork final : public SuperResolutionNetwork {
 public:
  EspcnNetwork(const EspcnLayout& layout, torch::Device device) : SuperResolutionNetwork("ESPCN", layout.scale) {
    first_part_ = register_module(
        "first_part", sequence({filter(3, layout.features, 5, device), std::make_shared<Tanh>(),
                                filter(layout.features, layout.hidden, 3, device), std::make_shared<Tanh>()}));
    last_part_ =
        register_module("last_part", sequence({filter(layout.hidden, 3 * layout.scale * layout.scale, 3, device),
                                               std::make_shared<PixelShuffle>(layout.scale)}));
  }

  Tensor forward(const Tensor& x) override {
    return last_part_->forward(first_part_->forward(x * (1 / 255.0))) * 255.0;
  }

  void initialise() override { initialise_default(*this); }

 private:
  LayerPtr first_part_, last_part_;
};

}  // namespace

std::shared_ptr<SuperResolutionNetwork> make_espcn(const EspcnLayout& layout, torch::Device device) {
  return std::make_shared<EspcnNetwork>(layout, device);
}

EspcnLayout espcn_layout(const TensorMap& tensors, const fs::path& path) {
  constexpr int64_t most_features = 1024;  // sixteen times the published
  EspcnLayout layout;
  layout.features = rows(tensors, espcn_mark);
  layout.hidden = rows(tensors, "first_part.2.weight");
  for (const int64_t features : {layout.features, layout.hidden}) {
    if (features >= 1 && features <= most_features) continue;
    throw Error(fmt::format("is an ESPCN of {} and {} features, which cannot be", layout.features, layout.hidden))
        .file(text_of(path));
  }
  const int64_t filters = rows(tensors, "last_part.0.weight");
  for (layout.scale = 2; layout.scale <= 8; ++layout.scale) {
    if (filters == 3 * layout.scale * layout.scale) return layout;
  }
  throw Error(fmt::format("is an ESPCN whose last layer has {} filters; RGB enlarged by s = 2 … 8 takes 3·s²", filters))
      .file(text_of(path))
      .hint("export networks of luma alone to .onnx");
}

}  // namespace facerec
