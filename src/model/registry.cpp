// What a configuration may name.
#include "model/registry.h"

#include "facerec/core/error.h"
#include "model/initialise.h"
#include "model/names.h"

namespace facerec {
namespace {

using Options = NetworkOptions;

// Made for 112 × 112, though any size works.
const IrLayout ir_50{.stages = {{64, 3}, {128, 4}, {256, 14}, {512, 3}}};
const IrLayout ir_101{.stages = {{64, 3}, {128, 13}, {256, 30}, {512, 3}}};
const IrLayout ir_se_50{.stages = ir_50.stages, .squeeze_excitation = true};
const IrLayout ir_se_101{.stages = ir_101.stages, .squeeze_excitation = true};
// Made for 64 × 64 and training on a CPU: 1.1 M parameters at an embedding of 128. The stem takes the place of the
// first halving, so that 112 × 112 ends at 7 × 7 as in the others.
const IrLayout ir_tiny{.stem_channels = 32, .stem_stride = 2, .stages = {{32, 1}, {64, 2}, {144, 2}}, .relu = true};

struct BackboneEntry {
  const char* name;
  std::shared_ptr<Backbone> (*build)(const Options&);
  void (*initialise)(torch::nn::Module&);  // as the published code does it
};

const BackboneEntry backbones[] = {
    {"ir_50", [](const Options& o) { return build_ir(ir_50, o); }, initialise_xavier},
    {"ir_101", [](const Options& o) { return build_ir(ir_101, o); }, initialise_xavier},
    {"ir_se_50", [](const Options& o) { return build_ir(ir_se_50, o); }, initialise_xavier},
    {"ir_se_101", [](const Options& o) { return build_ir(ir_se_101, o); }, initialise_xavier},
    {"ir_tiny", [](const Options& o) { return build_ir(ir_tiny, o); }, initialise_xavier},
    {"mobilefacenet", build_mobilefacenet, initialise_default},
    {"resnet50", build_resnet50, initialise_kaiming},
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
  check("the input width", spec.preprocess.width, min_input_side, max_input_side);
  check("the input height", spec.preprocess.height, min_input_side, max_input_side);
}

Preprocess preprocess_of(const ModelConfig& config) {
  Preprocess preprocess{.width = static_cast<int>(config.input[0]), .height = static_cast<int>(config.input[1])};
  if (config.preprocess == "bgr") {
    preprocess.bgr = true;
  } else if (config.preprocess == "unit") {
    preprocess.mean = {0, 0, 0};
    preprocess.std = {1, 1, 1};
  } else if (config.preprocess != "default") {
    throw Error::usage("unknown preprocessing '" + config.preprocess + "'").hint("known: default, bgr, unit");
  }
  return preprocess;
}

}  // namespace

std::vector<std::string> backbone_names() {
  std::vector<std::string> names;
  for (const BackboneEntry& entry : backbones) names.emplace_back(entry.name);
  return names;
}

void check_spec(const ModelSpec& spec) {
  entry_of(spec.architecture);
  check_sizes(spec);
}

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
          .hint("choose a smaller backbone, embedding_size or input, or raise model.max_parameters");
    }
    options.device = torch::kCPU;
  }
  std::shared_ptr<Backbone> backbone = build_backbone(options);
  entry_of(config.name).initialise(*backbone);
  return backbone;
}

int64_t count_parameters(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const torch::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

}  // namespace facerec
