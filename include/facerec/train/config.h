// The configuration of a training run: what `facerec train CONFIG.yaml` reads and every run and checkpoint stores.
// Free of LibTorch.
#pragma once

#include "facerec/config/fields.h"
#include "facerec/data/config.h"
#include "facerec/model/config.h"

namespace facerec {

// Defaults: arcface_torch's R50 recipes and face.evoLVe agree on SGD 0.1, momentum 0.9, weight decay 5e-4; BatchNorm
// and PReLU are left without decay as in face.evoLVe, AdaFace and TFace.
struct OptimizerConfig {
  std::string name = "sgd";
  double lr = 0.1;
  double momentum = 0.9;
  bool nesterov = false;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;  // Adam's paper
  double weight_decay = 5e-4;
  bool decay_norm = false;
  bool decay_prelu = false;
  double backbone_lr_factor = 1.0;
};

inline void describe(Fields& fields, OptimizerConfig& c) {
  fields("name", c.name, "sgd | adam (decay as an L2 term of the gradient) | adamw (decoupled decay)",
         one_of({"sgd", "adam", "adamw"}));
  fields("lr", c.lr, "learning rate before the schedule", above(0));
  fields("momentum", c.momentum, "sgd", between(0, 0.9999));
  fields("nesterov", c.nesterov, "sgd: Nesterov's momentum");
  fields("beta1", c.beta1, "adam, adamw: decay of the mean", between(0, 0.999999));
  fields("beta2", c.beta2, "adam, adamw: decay of the squares", between(0, 0.9999999));
  fields("eps", c.eps, "adam, adamw", above(0));
  fields("weight_decay", c.weight_decay, "of weights", at_least(0));
  fields("decay_norm", c.decay_norm, "also of normalisation layers and biases");
  fields("decay_prelu", c.decay_prelu, "also of PReLU slopes");
  fields("backbone_lr_factor", c.backbone_lr_factor, "the backbone's learning rate as a multiple of the head's",
         at_least(0));
}

struct ScheduleConfig {
  std::string name = "step";
  std::string unit = "epoch";
  std::vector<int64_t> milestones = {10, 18};
  double gamma = 0.1;
  int64_t warmup = 0;
  double power = 1.0;
  double final_lr = 0.0;
};

inline void describe(Fields& fields, ScheduleConfig& c) {
  fields("name", c.name, "constant | step | polynomial | cosine", one_of({"constant", "step", "polynomial", "cosine"}));
  fields("unit", c.unit, "of milestones and warmup", one_of({"epoch", "step"}));
  fields("milestones", c.milestones, "step: the rate is multiplied by gamma at each, counted from 0", between(0, 1e9));
  fields("gamma", c.gamma, "step", between(0, 1));
  fields("warmup", c.warmup, "length of the linear rise at the start", between(0, 1e9));
  fields("power", c.power, "polynomial", above(0));
  fields("final_lr", c.final_lr, "polynomial, cosine: the rate at the end", at_least(0));
}

struct LoraConfig {
  int64_t rank = 8;
  double alpha = 16;
  std::vector<std::string> parts;
};

inline void describe(Fields& fields, LoraConfig& c) {
  fields("rank", c.rank, "r of the added matrices", between(1, 4096));
  fields("alpha", c.alpha, "the addition counts alpha/rank", above(0));
  fields("parts", c.parts, "only layers below these names of the backbone; empty: every linear layer and convolution");
}

struct LoopConfig {
  int64_t epochs = 20;
  int64_t max_steps = 0;
  int64_t batch_size = 128;
  int64_t accumulate = 1;
  double clip_norm = 5.0;
  std::string precision = "auto";
  std::string memory_format = "auto";
  bool gradient_checkpointing = false;
  bool sync_batch_norm = false;
  bool cuda_graph = false;
  std::vector<std::string> freeze;
  std::string tune = "full";
  LoraConfig lora;
  LowResolutionConfig low_resolution;
  int64_t head_warmup_steps = 0;
  int64_t max_nonfinite = 10;
  int64_t log_every = 10;
};

inline void describe(Fields& fields, LoopConfig& c) {
  fields("epochs", c.epochs, "passes over the training set", between(1, 1e6));
  fields("max_steps", c.max_steps, "end after so many optimizer steps, if that is earlier; 0: epochs decide",
         at_least(0));
  fields("batch_size", c.batch_size, "images in one forward pass, those of all processes together", between(2, 1e6));
  fields("accumulate", c.accumulate, "forward passes in one optimizer step", between(1, 1e6));
  fields("clip_norm", c.clip_norm, "largest norm of the backbone's gradient; 0: no clipping", at_least(0));
  fields("precision", c.precision, "auto: bf16 where the device computes it natively; fp16: with a loss scale",
         one_of({"auto", "fp32", "bf16", "fp16"}));
  fields("memory_format", c.memory_format, "auto: the faster one, measured before the first step",
         one_of({"auto", "channels_first", "channels_last"}));
  fields("gradient_checkpointing", c.gradient_checkpointing,
         "keep only what enters the blocks of the backbone, and compute the rest again for the gradient: less memory, "
         "about a third more time (Chen et al. 2016, 1604.06174)");
  fields("sync_batch_norm", c.sync_batch_norm,
         "several processes: BatchNorm over the images of all of them, not of each by itself");
  fields("cuda_graph", c.cuda_graph,
         "on a GPU: record the step once and launch all of its kernels together, for small networks and batches; steps "
         "must be alike, so not with several processes, head.sample_rate, loss.metric or gradient_checkpointing");
  fields("freeze", c.freeze,
         "parts of the backbone that stay as they are, by prefix of their names: [input_layer, body.0]");
  fields("tune", c.tune,
         "what of the backbone learns. full: all; norm: normalisation layers; lora: low-rank additions to its linear "
         "layers and convolutions (Hu et al. 2022)",
         one_of({"full", "norm", "lora"}));
  fields.section("lora", c.lora, "tune lora");
  fields.section("low_resolution", c.low_resolution, "training on images of low resolution, too");
  fields("head_warmup_steps", c.head_warmup_steps, "first steps in which only the head learns", at_least(0));
  fields("max_nonfinite", c.max_nonfinite, "give up after so many steps in a row whose loss is not finite",
         at_least(1));
  fields("log_every", c.log_every, "steps between two lines of metrics.jsonl", at_least(1));
}

struct CheckpointConfig {
  int64_t every_steps = 1000;
  int64_t every_epochs = 0;
  int64_t keep = 3;
};

inline void describe(Fields& fields, CheckpointConfig& c) {
  fields("every_steps", c.every_steps, "steps between checkpoints", at_least(1));
  fields("every_epochs", c.every_epochs, "epochs between checkpoints, in place of every_steps; 0: steps decide",
         at_least(0));
  fields("keep", c.keep, "newest checkpoints that are kept, beside the best; 0: all", at_least(0));
}

struct ValidationSetConfig {
  std::string name;
  std::string path;
  std::string pairs;
  std::string positive = "same";
};

inline void describe(Fields& fields, ValidationSetConfig& c) {
  fields("name", c.name, "in tables and logs; empty: the name of the file or folder");
  fields("path", c.path, "what eval --data takes: .bin, bcolz folder, folder of images, or a folder of such sets");
  fields("pairs", c.pairs, "list of pairs; empty: pairs.txt or pairs.csv in that folder");
  fields("positive", c.positive, "what label 1 of that list means", one_of({"same", "different"}));
}

struct ValidationConfig {
  int64_t every_steps = 1000;
  int64_t every_epochs = 0;
  std::vector<ValidationSetConfig> data;
  std::string metric = "mean_accuracy";
};

inline void describe(Fields& fields, ValidationConfig& c) {
  fields("every_steps", c.every_steps, "steps between validations; one more follows the last step", at_least(1));
  fields("every_epochs", c.every_epochs, "epochs between validations, in place of every_steps; 0: steps decide",
         at_least(0));
  fields.list("data", c.data,
              "verification benchmarks; task attributes: labelled images; task super_resolution: images");
  fields("metric", c.metric, "what `best` means: the mean over `data` of accuracy, or PSNR", one_of({"mean_accuracy"}));
}

struct RunConfig {
  std::string name;
  std::string dir = "runs";
  int64_t seed = 1;
  std::string device = "auto";
  int64_t threads = 0;
  int64_t timeout = 600;
  bool deterministic = false;
};

inline void describe(Fields& fields, RunConfig& c) {
  fields("name", c.name, "first part of the run's folder; empty: the name of the configuration file");
  fields("dir", c.dir, "folder that holds the runs");
  fields("seed", c.seed, "of everything random: weights, order, augmentation, dropout", at_least(0));
  fields("device", c.device, "auto | cpu | cuda | cuda:N");
  fields("threads", c.threads, "of the computation; 0: the cores available, shared among the processes of a machine",
         between(0, 1024));
  fields("timeout", c.timeout, "seconds after which a process of several that does not answer is given up",
         between(1, 86400));
  fields(
      "deterministic", c.deterministic,
      "algorithms that give the same bits each time, where LibTorch has them (else it warns), and memory_format auto "
      "without a measurement");
}

// A larger model that is followed.
struct DistillConfig {
  std::string teacher;
  double embedding_weight = 1.0;
  double logit_weight = 0.0;
  double temperature = 4.0;
};

inline void describe(Fields& fields, DistillConfig& c) {
  fields("teacher", c.teacher, "model file or run; empty: none");
  fields("embedding_weight", c.embedding_weight, "of 1 − cosine between the embeddings of teacher and student",
         at_least(0));
  fields("logit_weight", c.logit_weight,
         "of the divergence of the logits (Hinton et al. 2015); the teacher is then a run on the same identities",
         at_least(0));
  fields("temperature", c.temperature, "that the logits are divided by", above(0));
}

struct SuperResolutionConfig {
  std::string network = "espcn";
  int64_t scale = 4;
  int64_t patch = 96;
  int64_t groups = 10, blocks = 20, features = 64;
};

inline void describe(Fields& fields, SuperResolutionConfig& c) {
  fields("network", c.network, "espcn (for CPUs; Shi et al. 2016) | rcan (Zhang et al. 2018)",
         one_of({"espcn", "rcan"}));
  fields("scale", c.scale, "2, 3, 4 or 8", between(2, 8));
  fields("patch", c.patch, "side of the training patches, in pixels of the large image", between(8, 1024));
  fields("groups", c.groups, "rcan: residual groups", between(1, 100));
  fields("blocks", c.blocks, "rcan: blocks of a group", between(1, 100));
  fields("features", c.features, "channels inside", between(1, 1024));
}

struct TrainConfig {
  std::string task = "identity";
  std::string init_from;
  DataConfig data;
  ModelConfig model;
  HeadConfig head;
  LossConfig loss;
  DistillConfig distill;
  SuperResolutionConfig super_resolution;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  LoopConfig train;
  CheckpointConfig checkpoint;
  ValidationConfig validation;
  RunConfig run;
};

inline void describe(Fields& fields, TrainConfig& c) {
  fields("task", c.task,
         "identity: who is it; attributes: what data.attributes names; super_resolution: small images made large",
         one_of({"identity", "attributes", "super_resolution"}));
  fields("init_from", c.init_from, "backbone weights to start from; `finetune --from` sets it");
  fields.section("data", c.data, "");
  fields.section("model", c.model, "");
  fields.section("head", c.head, "");
  fields.section("loss", c.loss, "");
  fields.section("distill", c.distill, "");
  fields.section("super_resolution", c.super_resolution, "task super_resolution");
  fields.section("optimizer", c.optimizer, "");
  fields.section("schedule", c.schedule, "");
  fields.section("train", c.train, "");
  fields.section("checkpoint", c.checkpoint, "");
  fields.section("validation", c.validation, "");
  fields.section("run", c.run, "");
}

}  // namespace facerec
