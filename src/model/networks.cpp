#include "model/networks.h"

#include <cmath>

#include "facerec/model/backbone.h"
#include "facerec/model/config.h"
#include "model/layers.h"

namespace facerec {
namespace {

constexpr const char* ir_linear = "output_layer.3.weight";
constexpr const char* vit_linear = "feature.2.weight";
constexpr const char* mbf_filter = "features.layers.0.layers.0.weight";

constexpr Network network_table[] = {
    {"ir_50", "body.23.res_layer.4.running_var", ir_linear, ir_linear, 512, 4},
    {"ir_se_50", "body.23.res_layer.5.fc2.weight", ir_linear, ir_linear, 512, 4},
    {"ir_101", "body.48.res_layer.4.running_var", ir_linear, ir_linear, 512, 4},
    {"ir_se_101", "body.48.res_layer.5.fc2.weight", ir_linear, ir_linear, 512, 4},
    {"ir_152", "body.49.res_layer.4.running_var", ir_linear, ir_linear, 512, 4},
    {"ir_se_152", "body.49.res_layer.5.fc2.weight", ir_linear, ir_linear, 512, 4},
    {"ir_tiny", "body.4.res_layer.4.running_var", ir_linear, ir_linear, 144, 4},
    {"adaface_ir_18", "body.7.res_layer.5.running_var", ir_linear, ir_linear, 512, 4},
    {"adaface_ir_34", "body.15.res_layer.5.running_var", ir_linear, ir_linear, 512, 4},
    {"adaface_ir_50", "body.23.res_layer.5.running_var", ir_linear, ir_linear, 512, 4},
    {"adaface_ir_se_50", "body.23.res_layer.se_block.fc2.weight", ir_linear, ir_linear, 512, 4},
    {"adaface_ir_101", "body.48.res_layer.5.running_var", ir_linear, ir_linear, 512, 4},
    {"iresnet18", "layer3.1.bn3.weight", "fc.weight", "fc.weight", 512, 4},
    {"iresnet34", "layer3.5.bn3.weight", "fc.weight", "fc.weight", 512, 4},
    {"iresnet50", "layer3.13.bn3.weight", "fc.weight", "fc.weight", 512, 4},
    {"iresnet100", "layer3.29.bn3.weight", "fc.weight", "fc.weight", 512, 4},
    {"iresnet200", "layer3.59.bn3.weight", "fc.weight", "fc.weight", 512, 4},
    {"resnet50", "bn_o2.weight", "fc.weight", "fc.weight", 2048, 5},
    {"resnet50_tf2", "conv5_block3_3_bn.weight", "dense.weight", "dense.weight", 2048, 5},
    {"inception_resnet_v1", "mixed_7a.branch2.2.conv.weight", "last_linear.weight", "", 0, 0},
    {"mobilefacenet", "conv_6_dw.conv.weight", "linear.weight", "conv_6_dw.conv.weight", 512, 4},
    {"mobilefacenet_foamliu", "gdconv.depthwise.weight", "conv3.weight", "gdconv.depthwise.weight", 512, 4},
    {"mobilefacenet_xiaoccer", "linear7.conv.weight", "linear1.conv.weight", "linear7.conv.weight", 512, 4},
    {"mbf", mbf_filter, "features.layers.2.weight", mbf_filter, 512, 4},
    {"mbf_large", mbf_filter, "features.layers.2.weight", mbf_filter, 512, 4},
    {"efficientnet_b0_facex", "_blocks.15._bn2.weight", ir_linear, ir_linear, 1280, 4},
    {"efficientnet_b0_facex_same", "_blocks.15._bn2.weight", ir_linear, ir_linear, 1280, 4},
    {"efficientnet_b0", "_blocks.15._bn2.weight", "_fc.weight", "", 0, 5},
    {"vit_t", "mask_token", vit_linear, "", 0, 0},
    {"vit_t_dp005_mask0", "blocks.11.mlp.fc2.weight", vit_linear, "", 0, 0},
    {"vit_s", "mask_token", vit_linear, "", 0, 0},
    {"vit_s_dp005_mask_0", "blocks.11.mlp.fc2.weight", vit_linear, "", 0, 0},
    {"vit_b", "mask_token", vit_linear, "", 0, 0},
    {"vit_b_dp005_mask_005", "mask_token", vit_linear, "", 0, 0},
    {"vit_l_dp005_mask_005", "mask_token", vit_linear, "", 0, 0},
};

const TensorView* find(const std::map<std::string, TensorView>& tensors, const char* key) {
  const auto found = *key == '\0' ? tensors.end() : tensors.find(key);
  return found == tensors.end() || found->second.shape.empty() ? nullptr : &found->second;
}

// Height and width of the last feature map, or 0 when its shape is unknown.
std::pair<int64_t, int64_t> map_size(const Network& network, const TensorView& features) {
  if (features.shape.size() == 4) return {features.shape[2], features.shape[3]};
  if (features.shape.size() != 2 || features.shape[1] % network.channels != 0) return {0, 0};
  const int64_t positions = features.shape[1] / network.channels;
  const auto side = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(positions))));
  return side * side == positions ? std::pair(side, side) : std::pair<int64_t, int64_t>(0, 0);
}

}  // namespace

std::span<const Network> networks() { return network_table; }

ModelSpec sizes_from(const Network& network, const std::map<std::string, TensorView>& tensors) {
  const ModelConfig sizes;
  ModelSpec spec{network.architecture, sizes.embedding_size, published_preprocess(network.architecture)};
  if (const TensorView* embedding = find(tensors, network.embedding)) {
    const int64_t size = embedding->shape[0];
    if (size >= 1 && size <= max_embedding_size) spec.embedding_size = size;
  }
  const TensorView* features = find(tensors, network.features);
  if (features == nullptr) return spec;
  const auto [height, width] = map_size(network, *features);
  Preprocess& input = spec.preprocess;
  const bool published = layers::halved(input.height, network.halvings) == height &&
                         layers::halved(input.width, network.halvings) == width;
  const int64_t largest = max_input_side >> network.halvings;
  if (published || height < 1 || width < 1 || height > largest || width > largest) return spec;
  // Any of 2^halvings sizes ends in this map; the largest uses all of it.
  input.height = static_cast<int>(height << network.halvings);
  input.width = static_cast<int>(width << network.halvings);
  return spec;
}

}  // namespace facerec
