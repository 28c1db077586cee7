#include <algorithm>

#include "model/recording.h"

namespace facerec {
namespace {

using torch::Tensor;

RecordedArgument& argument_of(RecordedOperator& op, const std::string& name) {
  return *std::find_if(op.arguments.begin(), op.arguments.end(), [&](const auto& entry) { return entry.name == name; });
}

class Folder {
 public:
  explicit Folder(Recording& recording)
      : recording_(recording), uses_(recording.values.size()), producers_(recording.values.size()) {
    ++uses_[index(recording.output)];
    for (RecordedOperator& op : recording.operators) {
      for (const RecordedArgument& argument : op.arguments) {
        for (const int value : argument.values) {
          if (value != no_value) ++uses_[index(value)];
        }
      }
      for (const int value : op.outputs) producers_[index(value)] = &op;
    }
  }

  void run() {
    std::vector<RecordedOperator>& operators = recording_.operators;
    std::vector<bool> folded;
    for (const RecordedOperator& op : operators) folded.push_back(op.name == "batch_norm" && fold(op));
    size_t i = 0;  // all of them before any moves: producers_ points at them
    std::erase_if(operators, [&](const RecordedOperator&) { return folded[i++]; });
  }

 private:
  static size_t index(int value) { return static_cast<size_t>(value); }

  // In double; undefined for an argument that is absent.
  Tensor constant(const RecordedOperator& op, const char* name) const {
    const int value = op.tensor(name);
    return value == no_value ? Tensor() : recording_.values[index(value)].constant.to(torch::kFloat64);
  }

  bool is_constant(const RecordedOperator& op, const char* name) const {
    const int value = op.tensor(name);
    return value == no_value || recording_.values[index(value)].constant.defined();
  }

  int add(const Tensor& tensor, const std::string& key) {
    const Tensor stored = tensor.to(torch::kFloat32);
    recording_.values.push_back({stored.sizes().vec(), stored, key});
    return static_cast<int>(recording_.values.size()) - 1;
  }

  bool fold(const RecordedOperator& norm) {
    const int input = norm.tensor("input");
    if (norm.flag("training") || uses_[index(input)] != 1 || producers_[index(input)] == nullptr) return false;
    RecordedOperator& layer = *producers_[index(input)];
    const bool is_linear = layer.name == "linear" && recording_.values[index(input)].shape.size() == 2;
    if (!is_linear && layer.name != "conv2d") return false;
    for (const char* name : {"weight", "bias", "running_mean", "running_var"}) {
      if (!is_constant(norm, name)) return false;
    }
    if (!is_constant(layer, "weight") || !is_constant(layer, "bias")) return false;

    const Tensor weight = constant(layer, "weight"), bias = constant(layer, "bias");
    const Tensor gain = constant(norm, "weight"), shift = constant(norm, "bias");
    Tensor scale = (constant(norm, "running_var") + norm.real("eps")).rsqrt();
    if (gain.defined()) scale = scale * gain;
    std::vector<int64_t> per_output(static_cast<size_t>(weight.dim()), 1);
    per_output[0] = -1;
    Tensor offset = -constant(norm, "running_mean");
    if (bias.defined()) offset = offset + bias;
    offset = offset * scale;
    if (shift.defined()) offset = offset + shift;

    // Other names than the state dict's: these are no longer its numbers.
    const std::string key = recording_.values[index(layer.tensor("weight"))].key;
    const std::string stem = key.ends_with("weight") ? key.substr(0, key.size() - 6) : key + ".";
    argument_of(layer, "weight").values = {add(weight * scale.view(per_output), stem + "folded_weight")};
    argument_of(layer, "bias").values = {add(offset, stem + "folded_bias")};
    layer.outputs = norm.outputs;
    return true;
  }

  Recording& recording_;
  std::vector<int> uses_;
  std::vector<RecordedOperator*> producers_;
};

}  // namespace

void fold_batch_norms(Recording& recording) { Folder(recording).run(); }

}  // namespace facerec
