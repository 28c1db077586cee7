// The backbones that registry.cpp lists.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "facerec/model/backbone.h"

namespace facerec {

struct NetworkOptions {
  ModelSpec spec;
  double dropout = 0;
  torch::Device device = torch::kCPU;  // meta: shapes without memory
};

// The IR family: residual units BN, conv, PReLU, conv, BN whose first of a stage halves the image.
struct IrLayout {
  struct Stage {
    int64_t channels;
    int units;
  };
  int64_t stem_channels = 64;
  int64_t stem_stride = 1;
  std::vector<Stage> stages;
  bool squeeze_excitation = false;
  bool tface = false;  // a further BatchNorm after the first convolution, and nothing learned in that of the embedding
  bool relu = false;   // in place of PReLU, with which a training step on a CPU takes a tenth (fp32) to a third longer
};

// Conv and Linear weights are left as the allocator gave them.
std::shared_ptr<Backbone> build_ir(const IrLayout& layout, const NetworkOptions& options);
std::shared_ptr<Backbone> build_resnet50(const NetworkOptions& options);
std::shared_ptr<Backbone> build_resnet50_tf2(const NetworkOptions& options);
std::shared_ptr<Backbone> build_inception_resnet_v1(const NetworkOptions& options);
std::shared_ptr<Backbone> build_mobilefacenet(const NetworkOptions& options);
std::shared_ptr<Backbone> build_mobilefacenet_foamliu(const NetworkOptions& options);
std::shared_ptr<Backbone> build_mobilefacenet_xiaoccer(const NetworkOptions& options);

// arcface_torch's IResNet; the units of its four stages.
std::shared_ptr<Backbone> build_iresnet(const std::array<int, 4>& units, const NetworkOptions& options);

// arcface_torch's MobileFaceNet: channels are multiplied with `scale`.
struct MbfLayout {
  int64_t scale;
  std::array<int, 4> units;
};
std::shared_ptr<Backbone> build_mbf(const MbfLayout& layout, const NetworkOptions& options);

struct EfficientNetLayout {
  int64_t stem_stride;
  int64_t assumed_stem_stride;  // for which the padding of the blocks is computed
  bool flattened;               // FaceX-Zoo's output layer in place of global pooling
};
std::shared_ptr<Backbone> build_efficientnet_b0(const EfficientNetLayout& layout, const NetworkOptions& options);

// arcface_torch's vision transformer.
struct VitLayout {
  int64_t width;
  int depth;
  double drop_path;  // of the last block; the others' rise linearly from 0
  bool masked;       // in training, a tenth of the patches is hidden
};
std::shared_ptr<Backbone> build_vit(const VitLayout& layout, const NetworkOptions& options);

}  // namespace facerec
