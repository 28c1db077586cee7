#include "facerec/train/evolve_export.h"

#include <algorithm>
#include <map>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/io/safetensors.h"
#include "facerec/io/torch_file.h"
#include "facerec/train/schedule.h"
#include "model/bytes.h"
#include "train/checkpoint.h"
#include "train/evolve_order.h"

namespace facerec {
namespace {

using Dict = TorchValue::Dict;

TrainConfig config_of(const RunState& state) {
  TrainConfig config;
  read_config(parse_yaml(to_json_text(state.config), {}), config);
  return config;
}

// That of the last step, which face.evoLVe's schedule divides when it goes on.
double last_rate(const RunState& state, const TrainConfig& config) {
  if (state.batches_per_epoch == 0) return config.optimizer.lr;
  RunLength length{state.batches_per_epoch, config.train.accumulate, 0};
  length.total_steps = std::max<int64_t>(1, length.steps_in(config.train.epochs));
  if (config.train.max_steps > 0) length.total_steps = std::min(length.total_steps, config.train.max_steps);
  return learning_rate(config.schedule, config.optimizer.lr, std::max<int64_t>(0, state.step - 1), length);
}

// "weight" before "bias", as the heads register them.
std::vector<NamedTensor> weight_first(const NamedTensors& tensors) {
  std::vector<NamedTensor> ordered;
  for (const auto& [name, tensor] : tensors) ordered.push_back({name, view_of(tensor)});
  std::stable_partition(ordered.begin(), ordered.end(), [](const NamedTensor& each) { return each.name == "weight"; });
  return ordered;
}

TorchValue parameter_group(const TrainConfig& config, double rate, double weight_decay, size_t first, size_t count) {
  TorchValue::List numbers;
  for (size_t i = 0; i < count; ++i) numbers.push_back({static_cast<int64_t>(first + i)});
  return {Dict{{"lr", {rate}},
               {"momentum", {config.optimizer.momentum}},
               {"dampening", {0.0}},
               {"weight_decay", {weight_decay}},
               {"nesterov", {config.optimizer.nesterov}},
               {"params", {std::move(numbers)}}}};
}

}  // namespace

struct EvolveExport::Source {
  fs::path folder;
  RunState state;
  TrainConfig config;
};

EvolveExport::EvolveExport(const fs::path& checkpoint) {
  if (!fs::exists(checkpoint / "state.json") || !WholePart::exists(checkpoint, "head") ||
      !WholePart(checkpoint, "head").contains("weight")) {
    throw Error::usage("is no checkpoint of a training with a head")
        .file(text_of(checkpoint))
        .hint("name a run or one of its checkpoints; export OUT.pth writes the backbone alone");
  }
  const RunState state = read_run_state(checkpoint);
  source_ = std::make_unique<const Source>(Source{checkpoint, state, config_of(state)});
}

EvolveExport::~EvolveExport() = default;

int64_t EvolveExport::batches() const { return source_->state.step * source_->config.train.accumulate; }

std::optional<int64_t> EvolveExport::epochs() const {
  if (source_->state.batches_per_epoch == 0) return std::nullopt;
  return batches() / source_->state.batches_per_epoch;
}

void EvolveExport::save_head(const fs::path& out) const {
  const NamedTensors head = WholePart(source_->folder, "head").all();
  write_torch_file(out, weight_first(head));
}

std::string EvolveExport::no_optimizer() const {
  const OptimizerConfig& optimizer = source_->config.optimizer;
  if (optimizer.name != "sgd") return "the optimizer is " + optimizer.name + ", face.evoLVe's is SGD";
  return optimizer.momentum == 0 ? "SGD without momentum has no state" : "";
}

void EvolveExport::save_optimizer(const fs::path& out, const Backbone& backbone) const {
  const auto& [folder, run, config] = *source_;
  const NamedTensors optimizer = WholePart(folder, "optimizer").all(), head = WholePart(folder, "head").all();
  std::map<std::string, TensorView> momenta;
  for (const auto& [name, tensor] : optimizer) momenta.emplace(name, view_of(tensor));
  std::vector<std::string> head_parameters;
  for (const NamedTensor& tensor : weight_first(head)) {
    if (momenta.contains("momentum.head." + tensor.name)) head_parameters.push_back(tensor.name);
  }
  const EvolveGroups groups = evolve_groups(backbone, head_parameters);
  Dict state;
  int64_t number = 0;
  for (const std::string& name : groups.in_order()) {
    const auto found = momenta.find("momentum." + name);
    if (found != momenta.end()) state.push_back({number, {Dict{{"momentum_buffer", {found->second}}}}});
    ++number;
  }
  const double rate = last_rate(run, config), decay = config.optimizer.weight_decay;
  const size_t decayed = groups.decayed.size();
  TorchValue::List parameter_groups{
      parameter_group(config, rate, decay, 0, decayed),
      parameter_group(config, rate, config.optimizer.decay_norm ? decay : 0, decayed, groups.norms.size())};
  write_torch_file(out,
                   TorchValue{Dict{{"state", {std::move(state)}}, {"param_groups", {std::move(parameter_groups)}}}});
}

}  // namespace facerec
