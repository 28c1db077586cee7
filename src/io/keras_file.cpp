#include <set>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/io/keras.h"
#include "io/hdf5.h"
#include "io/tensor_memory.h"

namespace facerec {
namespace {

constexpr int max_depth = 16;

class KerasFile {
 public:
  explicit KerasFile(std::span<const std::byte> bytes) : file_(bytes) {}

  std::vector<NamedTensor> read() {
    const Hdf5File::Object top = file_.find(file_.root(), "model_weights").value_or(file_.root());
    if (const auto layers = names(top, "layer_names")) {
      for (const std::string& layer : *layers) read_layer(top, layer);
    } else if (file_.find(top, "layers") || file_.find(top, "_layer_checkpoint_dependencies")) {
      read_group(top, "", 0);
    } else {
      throw Error("is an HDF5 file, but not one of Keras' weights: it names no layers");
    }
    if (tensors_.empty()) throw Error("is a file of Keras without weights");
    return std::move(tensors_);
  }

 private:
  // A list of names; what is larger than 64 KB Keras cuts into several, `attribute`0, `attribute`1, …
  std::optional<std::vector<std::string>> names(Hdf5File::Object object, const std::string& attribute) {
    if (auto whole = file_.texts(object, attribute)) return whole;
    std::vector<std::string> all;
    for (int i = 0;; ++i) {
      const auto part = file_.texts(object, attribute + std::to_string(i));
      if (!part) return i > 0 ? std::optional(all) : std::nullopt;
      all.insert(all.end(), part->begin(), part->end());
    }
  }

  // Keras 2: a layer has a list of its weights.
  void read_layer(Hdf5File::Object top, const std::string& layer) {
    const auto group = file_.find(top, layer);
    if (!group) throw Error("lacks the layer '" + printable(layer) + "' that it lists");
    for (const std::string& weight : names(*group, "weight_names").value_or(std::vector<std::string>())) {
      const std::string name = layer + "/" + weight;
      const auto data = file_.find(*group, weight);
      if (!data) throw Error("lacks the weights '" + printable(name) + "' that it lists");
      add(name, *data);
    }
  }

  // Keras 3: all that lies below.
  void read_group(Hdf5File::Object group, const std::string& prefix, int depth) {
    if (depth > max_depth) throw Error("has groups that are nested too deeply");
    if (!groups_.insert(group).second) throw Error("has the group '" + printable(prefix) + "' in two places");
    for (const auto& [name, object] : file_.group(group)) {
      if (file_.is_group(object)) {
        read_group(object, prefix + name + "/", depth + 1);
      } else {
        add(prefix + name, object);
      }
    }
  }

  void add(const std::string& name, Hdf5File::Object data) {
    if (!names_.insert(name).second) throw Error("lists '" + printable(name) + "' twice");
    tensors_.push_back({name, file_.data(data)});
  }

  Hdf5File file_;
  std::vector<NamedTensor> tensors_;
  std::set<std::string> names_;
  std::set<Hdf5File::Object> groups_;
};

}  // namespace

TensorFile open_keras_file(const fs::path& path) {
  const auto memory = std::make_shared<TensorMemory>(path);
  TensorFile file{.path = path, .format = "keras_h5", .groups = {}, .metadata = {}, .memory = memory};
  try {
    file.groups.push_back({"", KerasFile(memory->bytes()).read()});
  } catch (Error& error) {
    throw std::move(error).file(text_of(path));
  }
  return file;
}

}  // namespace facerec
