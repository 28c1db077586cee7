// A training to be followed by lockstep_peer.py: the same first weights, batches and rates, and the losses here.
//     lockstep IMAGES OUT [STEPS]
// IMAGES: a folder of aligned faces, of which identities with two images or more are used. Writes into OUT
// initial.safetensors (backbone.…, head.weight), images.safetensors (images uint8 [N,112,112,3], labels and batches
// int64 [STEPS,32]) and facerec.json ({"losses", "lr", …}). MobileFaceNet of face.evoLVe, arcface_torch's head, SGD,
// decay, clipping and falling rate; fp32, no augmentation, no dropout.
#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/data/dataset.h"
#include "facerec/data/loader.h"
#include "facerec/model/weights.h"
#include "facerec/train/schedule.h"
#include "train/learner.h"

namespace {

using namespace facerec;

constexpr int64_t batch_size = 32;

// arcface_torch's, with a rate at which rounding does not steer the training: at its 0.02 for one GPU, PyTorch in fp32
// leaves PyTorch in float64 by 1e-3 of the loss within three steps, and at 0.001 two programs part by 5e-3 within 20.
TrainConfig configuration(const std::string& images) {
  TrainConfig config;
  config.data.train.front().path = images;
  config.data.min_images = 2;
  config.model.name = "mobilefacenet";
  config.model.dropout = 0;
  config.head.name = "arcface_torch";
  config.optimizer.lr = 0.0001;
  config.optimizer.decay_norm = config.optimizer.decay_prelu = true;
  config.schedule.name = "polynomial";
  config.train.batch_size = batch_size;
  return config;
}

void save_start(const fs::path& path, const Learner& learner) {
  NamedTensors tensors;
  for (const Part& part : learner.objective().parts()) {
    for (const auto& [name, tensor] : state_dict(*part.module)) tensors.emplace_back(part.name + "." + name, tensor);
  }
  save_tensors(path, tensors);
}

torch::Tensor pixels_of(const Dataset& images) {
  std::vector<torch::Tensor> all;
  for (int64_t i = 0; i < images.size(); ++i) {
    Image image = load_image(images, i);
    all.push_back(torch::from_blob(image.rgb.data(), {image.height, image.width, 3}, torch::kUInt8).clone());
  }
  return torch::stack(all);
}

void run(const std::string& images, const fs::path& out, int64_t steps) {
  at::set_num_threads(resolve_threads(0));
  torch::manual_seed(1);
  const TrainConfig config = configuration(images);
  const TrainingSet data = open_training_set(config.data);
  const World alone;
  Learner learner(config, TaskData{data.images->classes()}, Compute{torch::kCPU, {"fp32", "channels_first"}, alone});
  fs::create_directories(out);
  save_start(out / "initial.safetensors", learner);

  LoaderOptions options;
  options.batch_size = batch_size;
  Loader loader(data.images, shuffle_sampler(data.shares, 1), options);
  const RunLength length{1, 1, steps};
  std::vector<int64_t> batches, labels;
  std::vector<double> losses;
  for (int64_t step = 0; step < steps; ++step) {
    Batch batch = loader.next();
    batches.insert(batches.end(), batch.indices.begin(), batch.indices.end());
    const double rate = learning_rate(config.schedule, config.optimizer.lr, step, length);
    losses.push_back(learner.step({batch}, rate, /*head_only=*/false).loss);
    if (step % 20 == 0) std::fprintf(stderr, "step %ld  loss %.4f\n", step, losses.back());
    loader.give_back(std::move(batch));
  }
  for (int64_t i = 0; i < data.images->size(); ++i) labels.push_back(data.images->label(i));
  save_tensors(out / "images.safetensors", {{"images", pixels_of(*data.images)},
                                            {"labels", torch::tensor(labels)},
                                            {"batches", torch::tensor(batches).view({steps, batch_size})}});
  const nlohmann::json facts{{"losses", losses},
                             {"classes", data.images->classes()},
                             {"lr", config.optimizer.lr},
                             {"momentum", config.optimizer.momentum},
                             {"weight_decay", config.optimizer.weight_decay},
                             {"clip_norm", config.train.clip_norm},
                             {"scale", config.head.scale},
                             {"margin", config.head.margin}};
  write_file(out / "facerec.json", facts.dump(1) + "\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "lockstep IMAGES OUT [STEPS]\n");
    return 2;
  }
  try {
    run(argv[1], argv[2], argc > 3 ? std::atol(argv[3]) : 200);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
