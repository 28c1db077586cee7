#include "train/super_resolution_objective.h"

#include <fmt/format.h>

#include <algorithm>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/image/degrade.h"
#include "facerec/io/safetensors.h"
#include "facerec/model/weights.h"
#include "model/espcn.h"
#include "model/rcan.h"

namespace facerec {
namespace {

const char* const network_file = "network.safetensors";

void check(const TrainConfig& config) {
  const SuperResolutionConfig& wanted = config.super_resolution;
  if (wanted.scale != 2 && wanted.scale != 3 && wanted.scale != 4 && wanted.scale != 8) {
    throw Error::usage(fmt::format("images are not enlarged by {}", wanted.scale))
        .hint("2, 3, 4 or 8")
        .key("super_resolution.scale");
  }
  if (wanted.patch % wanted.scale != 0) {
    throw Error::usage(fmt::format("patches of {} pixels cannot be reduced by {}", wanted.patch, wanted.scale))
        .hint("give a multiple")
        .key("super_resolution.patch");
  }
  auto refuse = [](bool given, const char* key) {
    if (given) throw Error::usage("task super_resolution trains its whole network at once").key(key);
  };
  refuse(!config.train.freeze.empty(), "train.freeze");
  refuse(config.train.tune != "full", "train.tune");
  refuse(config.train.head_warmup_steps > 0, "train.head_warmup_steps");
  auto refuse_to_spoil = [](double probability, const char* key) {
    if (probability == 0) return;
    throw Error::usage("the images that the network is to give would be spoilt: small ones are made of them here")
        .key(key);
  };
  refuse_to_spoil(config.train.low_resolution.probability, "train.low_resolution.probability");
  refuse_to_spoil(config.data.augment.reduce.probability, "data.augment.reduce");
  refuse_to_spoil(config.data.augment.blur.probability, "data.augment.blur");
  refuse_to_spoil(config.data.augment.jpeg.probability, "data.augment.jpeg");
  refuse_to_spoil(config.data.augment.erase.probability, "data.augment.erase");
}

std::shared_ptr<SuperResolutionNetwork> make_network(const SuperResolutionConfig& config) {
  if (config.network == "espcn") {
    return make_espcn({.features = config.features,
                       .hidden = std::max<int64_t>(1, config.features / 2),  // 64 and 32 in the paper
                       .scale = config.scale});
  }
  return make_rcan({.groups = config.groups,
                    .blocks = config.blocks,
                    .features = config.features,
                    .attention = std::max<int64_t>(1, config.features / 16),
                    .scale = config.scale});
}

// [n,patch/scale,patch/scale,3]
torch::Tensor reduced(const Batch& batch, int patch, int scale) {
  const int side = patch / scale;
  torch::Tensor pixels = torch::empty({batch.size(), side, side, 3}, torch::kUInt8);
  Image image(patch, patch);
  for (int64_t i = 0; i < batch.size(); ++i) {
    const auto begin = batch.pixels.begin() + i * static_cast<int64_t>(image.rgb.size());
    std::copy_n(begin, image.rgb.size(), image.rgb.begin());
    const Image small = reduce(image, scale);
    std::copy(small.rgb.begin(), small.rgb.end(), pixels[i].data_ptr<uint8_t>());
  }
  return pixels;
}

}  // namespace

SuperResolutionObjective::SuperResolutionObjective(const TrainConfig& config, const Compute& compute)
    : config_(config.super_resolution), compute_(compute) {
  check(config);
  network_ = make_network(config_);
  network_->initialise();
  network_->to(compute_.device);
}

std::vector<torch::Tensor> SuperResolutionObjective::inputs(const Batch& batch) const {
  return {reduced(batch, static_cast<int>(config_.patch), static_cast<int>(config_.scale)),
          pixels_of(batch, {config_.patch, config_.patch})};
}

std::vector<LossTerm> SuperResolutionObjective::losses(const DeviceBatch& batch, bool /*head_only*/) {
  const torch::MemoryFormat format = memory_format_of(compute_.numerics);
  auto planes = [&](const torch::Tensor& nhwc) {
    return nhwc.permute({0, 3, 1, 2}).to(torch::kFloat32).contiguous(format);
  };
  const torch::Tensor enlarged = network_->forward(planes(batch.inputs[0])), wanted = planes(batch.inputs[1]);
  return {{"l1", torch::l1_loss(enlarged.to(torch::kFloat32), wanted) * share_weight(batch, compute_.world)}};
}

std::vector<TensorsToSave> SuperResolutionObjective::network_files(const nlohmann::ordered_json& config) const {
  return {{network_file,
           state_dict(*network_),
           {{"format", "facerec"},
            {"architecture", config_.network},
            {"scale", std::to_string(config_.scale)},
            {"configuration", to_json_text(config)}}}};
}

void SuperResolutionObjective::load(const fs::path& folder) {
  load_into(state_dict(*network_), SafetensorsFile(folder / network_file));
}

void SuperResolutionObjective::start_from(const fs::path& file) {
  const auto network = load_super_resolution(open_tensor_file(file));
  const NamedTensors from = state_dict(*network), to = state_dict(*network_);
  const bool fits = network->scale() == network_->scale() &&
                    std::equal(from.begin(), from.end(), to.begin(), to.end(), [](const auto& a, const auto& b) {
                      return a.first == b.first && a.second.sizes() == b.second.sizes();
                    });
  if (!fits) {
    throw Error::usage(fmt::format("holds {} x{} of other sizes than the configuration's {} x{}", network->title(),
                                   network->scale(), network_->title(), network_->scale()))
        .file(text_of(file))
        .key("init_from");
  }
  const torch::NoGradGuard without_gradient;
  for (size_t i = 0; i < to.size(); ++i) torch::Tensor(to[i].second).copy_(from[i].second);
}

}  // namespace facerec
