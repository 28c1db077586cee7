#include "model/keras_names.h"

#include <array>
#include <charconv>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace facerec {
namespace {

// A layer of the network and the parameters of it that a file has, by Keras' names: kernel, gamma, …
using KerasLayer = std::map<std::string, const TensorView*, std::less<>>;

struct Layers {
  std::map<std::string, KerasLayer, std::less<>> trunk;  // by the names of Keras' ResNet50
  std::vector<KerasLayer> output;                        // BatchNorm, dense, BatchNorm
};

constexpr std::array units{3, 4, 6, 3};

// The layers with weights in the order of Keras, which goes by their distance to the output: the shortcut's convolution
// stands beside the third one.
std::vector<std::string> trunk_names() {
  std::vector<std::string> names{"conv1_conv", "conv1_bn"};
  for (size_t stage = 0; stage < units.size(); ++stage) {
    for (int unit = 1; unit <= units[stage]; ++unit) {
      const std::string block = "conv" + std::to_string(stage + 2) + "_block" + std::to_string(unit);
      std::vector<const char*> parts{"_1_conv", "_1_bn", "_2_conv", "_2_bn", "_3_conv", "_3_bn"};
      if (unit == 1) parts = {"_1_conv", "_1_bn", "_2_conv", "_2_bn", "_0_conv", "_3_conv", "_0_bn", "_3_bn"};
      for (const char* part : parts) names.push_back(block + part);
    }
  }
  return names;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// The last part of a path, which is taken off it.
std::string_view take_last(std::string_view& path) {
  const size_t slash = path.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
  path.remove_suffix(slash == std::string_view::npos ? path.size() : last.size() + 1);
  return last;
}

// "resnet50/conv1_conv/kernel:0", "OutputLayer/batch_normalization_7/gamma:0": a process counts the layers it has made,
// so those of the output layer are known by what they are and by their order.
Layers layers_by_name(const TensorGroup& group) {
  const std::vector<std::string> trunk = trunk_names();
  const std::set<std::string, std::less<>> known(trunk.begin(), trunk.end());
  Layers layers;
  std::map<std::string, size_t, std::less<>> seen;
  for (const NamedTensor& tensor : group.tensors) {
    std::string_view path = tensor.name;
    if (!take_suffix(path, ":0")) continue;
    const std::string parameter(take_last(path));
    std::string_view above = path;
    const std::string_view name = take_last(above);
    if (known.contains(name)) {
      layers.trunk[std::string(name)][parameter] = &tensor.view;
    } else if (above == "OutputLayer") {
      const auto place = seen.try_emplace(std::string(name), seen.size()).first->second;
      if (place >= layers.output.size()) layers.output.resize(place + 1);
      layers.output[place][parameter] = &tensor.view;
    }
  }
  return layers;
}

bool take_index(std::string_view& path, size_t& index) {
  constexpr std::string_view prefix = "layer_with_weights-";
  if (!path.starts_with(prefix)) return false;
  const char* begin = path.data() + prefix.size();
  const auto [end, error] = std::from_chars(begin, path.data() + path.size(), index);
  if (error != std::errc() || end == path.data() + path.size() || *end != '/') return false;
  path.remove_prefix(static_cast<size_t>(end - path.data()) + 1);
  return true;
}

// "layer_with_weights-1/layer_with_weights-0/gamma/.ATTRIBUTES/VARIABLE_VALUE": models within the model, by order.
Layers layers_by_order(const TensorGroup& group) {
  const std::vector<std::string> names = trunk_names();
  Layers layers;
  layers.output.resize(3);
  for (const NamedTensor& tensor : group.tensors) {
    std::string_view path = tensor.name;
    size_t model = 0, layer = 0;
    if (!take_suffix(path, "/.ATTRIBUTES/VARIABLE_VALUE") || !take_index(path, model) || !take_index(path, layer)) {
      continue;
    }
    if (path.find('/') != std::string_view::npos || model > 1) continue;
    if (layer >= (model == 0 ? names.size() : layers.output.size())) return {};  // another backbone
    KerasLayer& place = model == 0 ? layers.trunk[names[layer]] : layers.output[layer];
    place[std::string(path)] = &tensor.view;
  }
  return layers;
}

// [h,w,in,out] as [out,in,h,w], [in,out] as [out,in].
std::optional<TensorView> transposed(const TensorView& kernel) {
  const std::vector<int64_t>& shape = kernel.shape;
  if (!kernel.strides.empty()) return std::nullopt;
  TensorView view = kernel;
  if (shape.size() == 2) {
    view.shape = {shape[1], shape[0]};
    view.strides = {1, shape[1]};
  } else if (shape.size() == 4) {
    view.shape = {shape[3], shape[2], shape[0], shape[1]};
    view.strides = {1, shape[3], shape[1] * shape[2] * shape[3], shape[2] * shape[3]};
  } else {
    return std::nullopt;
  }
  return view;
}

constexpr std::array<std::pair<const char*, const char*>, 2> kernel_names{{{"kernel", "weight"}, {"bias", "bias"}}};
constexpr std::array<std::pair<const char*, const char*>, 4> norm_names{
    {{"gamma", "weight"}, {"beta", "bias"}, {"moving_mean", "running_mean"}, {"moving_variance", "running_var"}}};

// Appends a layer's tensors under our names; false when it has others than it should.
template <class Names>
bool append(const KerasLayer& layer, const std::string& name, const Names& names, TensorGroup& out) {
  if (layer.size() != names.size()) return false;
  for (const auto& [theirs, ours] : names) {
    const auto found = layer.find(theirs);
    if (found == layer.end()) return false;
    const bool is_kernel = std::string_view(theirs) == "kernel";
    const std::optional<TensorView> view = is_kernel ? transposed(*found->second) : *found->second;
    if (!view) return false;
    out.tensors.push_back({name + "." + ours, *view});
  }
  return true;
}

}  // namespace

std::optional<TensorGroup> as_resnet50_tf2(const TensorFile& file) {
  if (file.groups.size() != 1) return std::nullopt;
  Layers layers;
  if (file.format == "keras_h5") layers = layers_by_name(file.groups.front());
  if (file.format == "tensorflow") layers = layers_by_order(file.groups.front());
  if (layers.output.size() != 3) return std::nullopt;
  TensorGroup group;
  for (const std::string& name : trunk_names()) {
    const KerasLayer& layer = layers.trunk[name];
    const bool whole =
        name.ends_with("_conv") ? append(layer, name, kernel_names, group) : append(layer, name, norm_names, group);
    if (!whole) return std::nullopt;
  }
  const bool whole = append(layers.output[0], "batch_normalization", norm_names, group) &&
                     append(layers.output[1], "dense", kernel_names, group) &&
                     append(layers.output[2], "batch_normalization_1", norm_names, group);
  return whole ? std::optional(std::move(group)) : std::nullopt;
}

}  // namespace facerec
