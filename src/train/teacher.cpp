#include "train/teacher.h"

#include <fmt/format.h>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/model/device.h"
#include "facerec/model/loss.h"
#include "facerec/model/weights.h"
#include "train/checkpoint.h"

namespace facerec {
namespace {

const char* const key = "distill.teacher";

void freeze(torch::nn::Module& module, torch::Device device) {
  module.to(device);
  module.eval();
  for (torch::Tensor& parameter : module.parameters()) parameter.set_requires_grad(false);
}

std::shared_ptr<Head> head_beside(const fs::path& model, int64_t classes, int64_t embedding_size) {
  const fs::path folder = model.parent_path();
  if (!WholePart::exists(folder, "head") || !fs::exists(folder / "state.json")) {
    throw Error::usage("the teacher has no head beside it, which logits are computed by")
        .file(text_of(model))
        .hint("name a run of facerec, or set distill.logit_weight to 0")
        .key(key);
  }
  const RunState state = read_run_state(folder);
  if (state.classes != classes) {
    throw Error::usage(fmt::format("the teacher was trained on {} identities, the data has {}", state.classes, classes))
        .file(text_of(model))
        .hint("logits can be compared on the same identities alone: set distill.logit_weight to 0")
        .key(key);
  }
  HeadConfig config;
  const auto stored = state.config.value("head", nlohmann::ordered_json::object());
  read_config(parse_yaml(to_json_text(stored), {text_of(folder / "state.json"), 0, ""}), config);
  auto head = make_head(config, classes, embedding_size);
  const WholePart stored_head(folder, "head");
  for (const auto& [name, tensor] : state_dict(*head)) stored_head.load(name, tensor);
  return head;
}

torch::Tensor resized(const torch::Tensor& nhwc, const Preprocess& wanted) {
  if (nhwc.size(1) == wanted.height && nhwc.size(2) == wanted.width) return nhwc;
  const torch::Tensor planes = nhwc.permute({0, 3, 1, 2}).to(torch::kFloat32);
  return torch::_upsample_bilinear2d_aa(planes, {wanted.height, wanted.width}, /*align_corners=*/false)
      .permute({0, 2, 3, 1});
}

}  // namespace

Teacher::Teacher(const DistillConfig& config, int64_t embedding_size, int64_t classes, torch::Device device,
                 torch::MemoryFormat format)
    : config_(config), format_(format), backbone_(load_backbone(config.teacher)) {
  const int64_t size = backbone_->spec().embedding_size;
  if (config_.embedding_weight > 0 && size != embedding_size) {
    throw Error::usage(fmt::format("the teacher's embeddings have {} numbers, the model's {}", size, embedding_size))
        .file(config_.teacher)
        .hint(fmt::format("set model.embedding_size to {}, or distill.embedding_weight to 0", size))
        .key(key);
  }
  if (config_.logit_weight > 0) {
    head_ = head_beside(config_.teacher, classes, size);
    freeze(*head_, device);
  }
  freeze(*backbone_, device);
}

torch::Tensor Teacher::embed(const torch::Tensor& pixels) const {
  const Preprocess& preprocess = backbone_->spec().preprocess;
  return backbone_->forward(normalise(resized(pixels, preprocess), preprocess, format_));
}

std::vector<LossTerm> Teacher::losses(const torch::Tensor& pixels, const torch::Tensor& embeddings,
                                      const torch::Tensor& logits) const {
  torch::Tensor own_embeddings, own_logits;
  {
    const torch::NoGradGuard without_gradient;
    own_embeddings = embed(pixels);
    if (head_) {
      const auto no_labels = torch::full({pixels.size(0)}, -1, torch::dtype(torch::kInt64).device(pixels.device()));
      own_logits = head_->logits(own_embeddings, no_labels);
    }
  }
  std::vector<LossTerm> terms;
  if (config_.embedding_weight > 0) {
    const torch::Tensor loss = embedding_distillation(embeddings, own_embeddings);
    terms.push_back({"embedding_distillation", loss * config_.embedding_weight});
  }
  if (head_) {
    const torch::Tensor loss = logit_distillation(logits, own_logits, config_.temperature);
    terms.push_back({"logit_distillation", loss * config_.logit_weight});
  }
  return terms;
}

}  // namespace facerec
