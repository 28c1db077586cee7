// What a configuration may name.
#include "model/registry.h"

#include "facerec/config/at_key.h"
#include "facerec/core/error.h"
#include "facerec/model/preprocess.h"
#include "model/initialise.h"
#include "model/names.h"
#include "model/publications.h"

namespace facerec {
namespace {

using Options = NetworkOptions;

// Made for 112 × 112, though any size works.
const IrLayout ir_50{.stages = {{64, 3}, {128, 4}, {256, 14}, {512, 3}}};
const IrLayout ir_101{.stages = {{64, 3}, {128, 13}, {256, 30}, {512, 3}}};
const IrLayout ir_152{.stages = {{64, 3}, {128, 8}, {256, 36}, {512, 3}}};
const IrLayout ir_se_50{.stages = ir_50.stages, .squeeze_excitation = true};
const IrLayout ir_se_101{.stages = ir_101.stages, .squeeze_excitation = true};
const IrLayout ir_se_152{.stages = ir_152.stages, .squeeze_excitation = true};
// Made for 64 × 64 and training on a CPU: 1.1 M parameters at an embedding of 128. The stem takes the place of the
// first halving, so that 112 × 112 ends at 7 × 7 as in the others.
const IrLayout ir_tiny{.stem_channels = 32, .stem_stride = 2, .stages = {{32, 1}, {64, 2}, {144, 2}}, .relu = true};

// Those of TFace, AdaFace and CVLface.
IrLayout tface_ir(std::vector<IrLayout::Stage> stages, bool squeeze_excitation = false) {
  return {.stages = std::move(stages), .squeeze_excitation = squeeze_excitation, .tface = true};
}
const IrLayout adaface_ir_18 = tface_ir({{64, 2}, {128, 2}, {256, 2}, {512, 2}});
const IrLayout adaface_ir_34 = tface_ir({{64, 3}, {128, 4}, {256, 6}, {512, 3}});
const IrLayout adaface_ir_50 = tface_ir(ir_50.stages);
const IrLayout adaface_ir_101 = tface_ir(ir_101.stages);
const IrLayout adaface_ir_se_50 = tface_ir(ir_50.stages, true);

// Units of the four stages.
constexpr std::array iresnet18{2, 2, 2, 2};
constexpr std::array iresnet34{3, 4, 6, 3};
constexpr std::array iresnet50{3, 4, 14, 3};
constexpr std::array iresnet100{3, 13, 30, 3};
constexpr std::array iresnet200{6, 26, 60, 6};

constexpr EfficientNetLayout efficientnet_b0{.stem_stride = 2, .assumed_stem_stride = 2, .flattened = false};
// FaceX-Zoo pads its blocks as if its stem had stride 2: at 112 × 112, one block's padding differs from "same".
constexpr EfficientNetLayout efficientnet_b0_facex{.stem_stride = 1, .assumed_stem_stride = 2, .flattened = true};
constexpr EfficientNetLayout efficientnet_b0_facex_same{.stem_stride = 1, .assumed_stem_stride = 1, .flattened = true};

constexpr MbfLayout mbf{.scale = 2, .units = {1, 4, 6, 2}};
constexpr MbfLayout mbf_large{.scale = 4, .units = {2, 8, 12, 4}};

// Those called dp005 differ in training alone.
constexpr VitLayout vit_t{.width = 256, .depth = 12, .drop_path = 0.1, .masked = true};
constexpr VitLayout vit_t_dp005{.width = 256, .depth = 12, .drop_path = 0.05, .masked = false};
constexpr VitLayout vit_s{.width = 512, .depth = 12, .drop_path = 0.1, .masked = true};
constexpr VitLayout vit_s_dp005{.width = 512, .depth = 12, .drop_path = 0.05, .masked = false};
constexpr VitLayout vit_b{.width = 512, .depth = 24, .drop_path = 0.1, .masked = true};
constexpr VitLayout vit_b_dp005{.width = 512, .depth = 24, .drop_path = 0.05, .masked = true};
constexpr VitLayout vit_l_dp005{.width = 768, .depth = 24, .drop_path = 0.05, .masked = true};

using Build = std::shared_ptr<Backbone> (*)(const Options&);

template <auto* build, const auto& layout>
std::shared_ptr<Backbone> with(const Options& options) {
  return build(layout, options);
}

struct BackboneEntry {
  const char* name;
  Build build;
  void (*initialise)(torch::nn::Module&);  // as the published code does it
  int width = 112, height = 112;           // of the images that it was published for
  int64_t smallest = min_input_side;       // side of an image that leaves something of the last feature map
};

const BackboneEntry backbones[] = {
    {"ir_50", with<build_ir, ir_50>, initialise_xavier},
    {"ir_101", with<build_ir, ir_101>, initialise_xavier},
    {"ir_152", with<build_ir, ir_152>, initialise_xavier},
    {"ir_se_50", with<build_ir, ir_se_50>, initialise_xavier},
    {"ir_se_101", with<build_ir, ir_se_101>, initialise_xavier},
    {"ir_se_152", with<build_ir, ir_se_152>, initialise_xavier},
    {"ir_tiny", with<build_ir, ir_tiny>, initialise_xavier},
    {"adaface_ir_18", with<build_ir, adaface_ir_18>, initialise_kaiming},
    {"adaface_ir_34", with<build_ir, adaface_ir_34>, initialise_kaiming},
    {"adaface_ir_50", with<build_ir, adaface_ir_50>, initialise_kaiming},
    {"adaface_ir_101", with<build_ir, adaface_ir_101>, initialise_kaiming},
    {"adaface_ir_se_50", with<build_ir, adaface_ir_se_50>, initialise_kaiming},
    {"iresnet18", with<build_iresnet, iresnet18>, initialise_normal_conv},
    {"iresnet34", with<build_iresnet, iresnet34>, initialise_normal_conv},
    {"iresnet50", with<build_iresnet, iresnet50>, initialise_normal_conv},
    {"iresnet100", with<build_iresnet, iresnet100>, initialise_normal_conv},
    {"iresnet200", with<build_iresnet, iresnet200>, initialise_normal_conv},
    {"resnet50", build_resnet50, initialise_kaiming_conv},
    {"resnet50_tf2", build_resnet50_tf2, initialise_xavier},
    {"efficientnet_b0", with<build_efficientnet_b0, efficientnet_b0>, initialise_default},
    {"efficientnet_b0_facex", with<build_efficientnet_b0, efficientnet_b0_facex>, initialise_default},
    {"efficientnet_b0_facex_same", with<build_efficientnet_b0, efficientnet_b0_facex_same>, initialise_default},
    {"inception_resnet_v1", build_inception_resnet_v1, initialise_default, 160, 160, 75},
    {"mobilefacenet", build_mobilefacenet, initialise_default},
    {"mobilefacenet_foamliu", build_mobilefacenet_foamliu, initialise_kaiming},
    {"mobilefacenet_xiaoccer", build_mobilefacenet_xiaoccer, initialise_kaiming, 96, 112},
    {"mbf", with<build_mbf, mbf>, initialise_kaiming},
    {"mbf_large", with<build_mbf, mbf_large>, initialise_kaiming},
    {"vit_t", with<build_vit, vit_t>, initialise_vit},
    {"vit_t_dp005_mask0", with<build_vit, vit_t_dp005>, initialise_vit},
    {"vit_s", with<build_vit, vit_s>, initialise_vit},
    {"vit_s_dp005_mask_0", with<build_vit, vit_s_dp005>, initialise_vit},
    {"vit_b", with<build_vit, vit_b>, initialise_vit},
    {"vit_b_dp005_mask_005", with<build_vit, vit_b_dp005>, initialise_vit},
    {"vit_l_dp005_mask_005", with<build_vit, vit_l_dp005>, initialise_vit},
};

const BackboneEntry& entry_of(const std::string& name) {
  for (const BackboneEntry& entry : backbones) {
    if (name == entry.name) return entry;
  }
  throw unknown_name("backbone", name, backbone_names());
}

void check_sizes(const ModelSpec& spec) {
  auto check = [](const char* what, int64_t value, int64_t low, int64_t high) {
    if (value >= low && value <= high) return;
    throw Error::usage(std::string(what) + " " + std::to_string(value) + " is not between " + std::to_string(low) +
                       " and " + std::to_string(high));
  };
  check("the embedding size", spec.embedding_size, 1, max_embedding_size);
  const int64_t smallest = smallest_input(spec.architecture);
  check("the input width", spec.preprocess.width, smallest, max_input_side);
  check("the input height", spec.preprocess.height, smallest, max_input_side);
}

Preprocess preprocess_of(const ModelConfig& config) {
  Preprocess published = at_key("model.name", [&] { return published_preprocess(config.name); });
  published.width = static_cast<int>(config.input[0]);
  published.height = static_cast<int>(config.input[1]);
  return at_key("model.preprocess", [&] { return parse_preprocess(config.preprocess, published); });
}

}  // namespace

std::vector<std::string> backbone_names() {
  std::vector<std::string> names;
  for (const BackboneEntry& entry : backbones) names.emplace_back(entry.name);
  return names;
}

Preprocess published_preprocess(const std::string& architecture) {
  const BackboneEntry& entry = entry_of(architecture);
  return parse_preprocess(published_way(architecture), {.width = entry.width, .height = entry.height});
}

int64_t smallest_input(const std::string& architecture) { return entry_of(architecture).smallest; }

void check_spec(const ModelSpec& spec) { check_sizes(spec); }

ModelSpec spec_of(const ModelConfig& config) {
  ModelSpec spec{
      .architecture = config.name, .embedding_size = config.embedding_size, .preprocess = preprocess_of(config)};
  check_spec(spec);
  return spec;
}

std::shared_ptr<Backbone> build_backbone(const NetworkOptions& options) {
  return entry_of(options.spec.architecture).build(options);
}

std::shared_ptr<Backbone> make_backbone(const ModelConfig& config) {
  NetworkOptions options{.spec = spec_of(config), .dropout = config.dropout};
  if (config.max_parameters > 0) {
    options.device = torch::kMeta;
    const int64_t parameters = count_parameters(*build_backbone(options));
    if (parameters > config.max_parameters) {
      throw Error::usage(config.name + " has " + std::to_string(parameters) + " parameters, more than max_parameters " +
                         std::to_string(config.max_parameters))
          .hint("choose a smaller backbone, embedding_size or input, or raise model.max_parameters")
          .key("model.max_parameters");
    }
    options.device = torch::kCPU;
  }
  std::shared_ptr<Backbone> backbone = build_backbone(options);
  entry_of(config.name).initialise(*backbone);
  return backbone;
}

torch::Tensor published_output(Backbone& backbone, const torch::Tensor& x) {
  const torch::Tensor embeddings = backbone.forward(x);
  return backbone.spec().unit_length ? embeddings / embeddings.norm(2, 1, /*keepdim=*/true) : embeddings;
}

int64_t count_parameters(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const torch::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

int64_t count_parameters(const ModelSpec& spec) {
  return count_parameters(*build_backbone({.spec = spec, .device = torch::kMeta}));
}

}  // namespace facerec
