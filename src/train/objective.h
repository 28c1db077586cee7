// What a training minimises: networks, and losses of a batch. One class a task.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/data/attributes.h"
#include "facerec/data/dataset.h"
#include "facerec/data/loader.h"
#include "facerec/dist/world.h"
#include "facerec/model/backbone.h"
#include "facerec/model/head.h"
#include "facerec/model/weights.h"
#include "facerec/train/config.h"
#include "facerec/train/trainer.h"

namespace facerec {

// How the computation is done, decided once a run and stored with it.
struct Numerics {
  std::string precision;      // fp32 | bf16 | fp16
  std::string memory_format;  // channels_first | channels_last
};

// Where and how a training computes.
struct Compute {
  torch::Device device;
  Numerics numerics;
  const World& world;
};

// A module that learns, or that keeps a state from step to step.
struct Part {
  std::string name;  // of its parameters in the optimizer, and of its file: "backbone", "head", "center"
  std::shared_ptr<torch::nn::Module> module;
  double lr_factor = 1.0;
};

// Of several processes each has the term of its own images, weighed by the share that they have in the batch times the
// number of processes; or all have that of all images. Either way the mean over the processes is the loss of the batch.
struct LossTerm {
  std::string name;     // in metrics.jsonl: "classification", "triplet"
  torch::Tensor value;  // scalar, its weight applied
};

// A number that is told beside the losses: the sum over the processes of what each has.
struct Figure {
  std::string name;  // in metrics.jsonl: "target_cosine"
  torch::Tensor value;
};

// A file of a checkpoint.
struct TensorsToSave {
  std::string file;
  NamedTensors tensors;
  Metadata metadata;
};

// Images that are kept back for validation.
struct HeldOutSet {
  std::string name;
  std::shared_ptr<const Dataset> images;
  std::vector<Attribute> attributes;  // task attributes: with the values of training
};

// What the losses of a task read of a batch, on the device.
struct DeviceBatch {
  std::vector<torch::Tensor> inputs;  // Objective::inputs()
  int64_t total = 0;                  // images in the batch, those of the other processes included
  int64_t size() const { return inputs.front().size(0); }
};

class Objective {
 public:
  virtual ~Objective() = default;

  // The first is the network that is deployed: clip_norm, freeze, tune and head_warmup_steps are about it.
  virtual std::vector<Part> parts() const = 0;

  // Tensors on the host, image by image, which the losses of the batch are made of. They may lie in its memory.
  virtual std::vector<torch::Tensor> inputs(const Batch& batch) const = 0;

  // Before the losses of the batches that one optimizer step is made of.
  virtual void begin_step(const std::vector<DeviceBatch>& /*batches*/) {}

  // Terms whose sum is minimised. Called under autocast. head_only: no gradient reaches the network.
  virtual std::vector<LossTerm> losses(const DeviceBatch& batch, bool head_only) = 0;

  // Of the last losses().
  virtual std::vector<Figure> figures() const { return {}; }

  // Rows of parameters that the step uses alone; their gradients are those of the copies.
  virtual std::vector<SampledRows> sampled() const { return {}; }

  // The network as the files that other commands read, in the folder of a checkpoint; and how it is read again.
  virtual std::vector<TensorsToSave> network_files(const nlohmann::ordered_json& config) const = 0;
  virtual void load(const fs::path& folder) = 0;

  // Takes the first weights of the network from a model file (init_from).
  virtual void start_from(const fs::path& file) = 0;

  // Figures of held-out images, for tasks whose validation is no evaluation of embeddings. The network's mode is as
  // before afterwards.
  virtual std::vector<ValidationScore> validate(const HeldOutSet& set);

  virtual std::shared_ptr<Backbone> backbone() const { return nullptr; }  // null: this task trains none
};

// What a task learns of its data.
struct TaskData {
  int64_t classes = 0;
  std::vector<Attribute> attributes = {};  // task attributes
};

// Weights are drawn from LibTorch's default generator, those of the network first. Throws a usage Error with the key of
// the configuration when its parts do not fit one another, or the data.
std::unique_ptr<Objective> make_objective(const TrainConfig& config, const TaskData& data, const Compute& compute);

// Width and height of the images that a batch holds.
Size2 batch_image_size(const TrainConfig& config);

torch::MemoryFormat memory_format_of(const Numerics& numerics);

// uint8 [n,height,width,3], RGB, in the memory of the batch.
torch::Tensor pixels_of(const Batch& batch, const Size2& size);

DeviceBatch to_device(const Batch& batch, const Objective& objective, torch::Device device);

// What a mean over this process's images is multiplied with, so that the mean over the processes is that of all images.
double share_weight(const DeviceBatch& batch, const World& world);

}  // namespace facerec
