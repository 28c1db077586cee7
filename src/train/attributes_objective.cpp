#include "train/attributes_objective.h"

#include "dist/gather.h"
#include "facerec/core/error.h"
#include "facerec/model/device.h"
#include "facerec/model/loss.h"
#include "train/to_device.h"

namespace facerec {
namespace {

// Of the attribute, for the images of a batch.
torch::Tensor labels_of(const Attribute& attribute, const Batch& batch) {
  std::vector<int64_t> labels;
  labels.reserve(batch.indices.size());
  for (const int64_t index : batch.indices) labels.push_back(attribute.labels[static_cast<size_t>(index)]);
  return torch::tensor(labels, torch::kInt64);
}

LoaderOptions held_out_loading(const TrainConfig& config) {
  LoaderOptions options;
  options.width = static_cast<int>(config.model.input[0]);
  options.height = static_cast<int>(config.model.input[1]);
  options.batch_size = config.train.batch_size;
  options.workers = static_cast<int>(config.data.workers);
  options.drop_last = false;
  options.epochs = 1;
  return options;
}

}  // namespace

AttributesObjective::AttributesObjective(const TrainConfig& config, std::vector<Attribute> attributes,
                                         const Compute& compute)
    : BackboneObjective(config, compute), attributes_(std::move(attributes)) {
  if (attributes_.empty()) {
    throw Error::usage("no attribute is named")
        .key("data.attributes")
        .hint("data: {attributes: [{name: expression, pattern: '_(E[0-9]+)_'}]}");
  }
  if (config.loss.classification.weight == 0) {
    throw Error::usage("the loss weighs nothing: there is nothing to learn").key("loss.classification.weight");
  }
  for (const Attribute& attribute : attributes_) {
    const auto values = static_cast<int64_t>(attribute.values.size());
    torch::nn::Linear head(config.model.embedding_size, values);
    heads_.push_back(classifiers_->register_module(attribute.name, std::move(head)));
  }
}

std::vector<Part> AttributesObjective::parts() const {
  return {{"backbone", backbone_, config_.optimizer.backbone_lr_factor}, {"head", classifiers_}};
}

std::vector<torch::Tensor> AttributesObjective::logits(const torch::Tensor& embeddings) {
  std::vector<torch::Tensor> logits;
  for (torch::nn::Linear& head : heads_) logits.push_back(head->forward(embeddings).to(torch::kFloat32));
  return logits;
}

std::vector<torch::Tensor> AttributesObjective::inputs(const Batch& batch) const {
  std::vector<torch::Tensor> inputs{pixels_of(batch)};
  for (const Attribute& attribute : attributes_) inputs.push_back(labels_of(attribute, batch));
  return inputs;
}

std::vector<LossTerm> AttributesObjective::losses(const DeviceBatch& batch, bool head_only) {
  const World& world = compute_.world;
  const std::vector<torch::Tensor> all = logits(embed(batch.inputs[0], head_only));
  std::vector<LossTerm> terms;
  for (size_t i = 0; i < attributes_.size(); ++i) {
    // Of all images: how many of a process's own have a known value differs.
    const torch::Tensor labels = world.gather(batch.inputs[i + 1], batch.total);
    const torch::Tensor logits = gather_for_all(all[i], batch.total, world);
    terms.push_back({attributes_[i].name, classification_loss(config_.loss.classification, logits, labels)});
  }
  return terms;
}

std::vector<ValidationScore> AttributesObjective::validate(const HeldOutSet& set) {
  const std::vector<Attribute>& held_out = set.attributes;
  std::vector<int64_t> known(held_out.size()), right(held_out.size());
  const bool was_training = backbone_->is_training();
  backbone_->eval();
  {
    const torch::NoGradGuard without_gradient;
    const Autocast autocast(compute_.device, compute_.numerics.precision);
    const LoaderOptions loading = held_out_loading(config_);
    Loader loader(set.images, sequential_sampler(set.images->size()), loading);
    for (int64_t batch = batches_per_epoch(set.images->size(), loading); batch > 0; --batch) {
      const Batch part = loader.next();
      const std::vector<torch::Tensor> all =
          logits(embed(to_device(pixels_of(part), compute_.device), /*head_only=*/true));
      for (size_t i = 0; i < held_out.size(); ++i) {
        const torch::Tensor labels = labels_of(held_out[i], part), told = all[i].argmax(1).cpu();
        known[i] += (labels >= 0).sum().item<int64_t>();
        right[i] += (labels == told).sum().item<int64_t>();
      }
    }
  }
  backbone_->train(was_training);
  std::vector<ValidationScore> scores;
  for (size_t i = 0; i < held_out.size(); ++i) {
    if (known[i] == 0) continue;
    scores.push_back({held_out[i].name, static_cast<double>(right[i]) / static_cast<double>(known[i])});
  }
  return scores;
}

}  // namespace facerec
