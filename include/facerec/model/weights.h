// Model files: a network's tensors and what is needed to use them, as .safetensors.
//
// A backbone's file carries in its metadata: format "facerec", architecture, embedding_size, input ("112x112"),
// channel_order (rgb | bgr), mean and std ("0.5,0.5,0.5", of values from 0 to 1, in the network's channel order),
// flip ("flip_sum": an embedding is the sum over the image and its mirror image), output (raw | unit: whether each of
// the two is brought to length 1 first), and what the writer adds.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "facerec/io/safetensors.h"
#include "facerec/model/backbone.h"
#include "facerec/model/recognise.h"

namespace facerec {

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

// Parameters and buffers in the order of Python's state_dict(): of each module its own parameters, its own buffers,
// then those of its children. The tensors are the module's own: writing to them changes it. The factors of low-rank
// additions are left out; what is saved of a backbone has them merged into its weights.
NamedTensors state_dict(const torch::nn::Module& module);

// Writes whole or not at all, from any device. Throws Error for a dtype that the format lacks.
void save_tensors(const fs::path& path, const NamedTensors& tensors, const Metadata& metadata = {});

// Copies the file's values into the targets on whatever device they are. Throws an Error naming file and key, and
// changes nothing, unless the file holds exactly their names and shapes, each in the same dtype or, where both are
// floating-point, in another. BatchNorm's num_batches_tracked may be absent, as in files from before PyTorch 0.4.1.
void load_into(const NamedTensors& targets, const SafetensorsFile& file);

// `extra` joins the metadata that describe the model, e.g. {"config", "<YAML>"}; the description wins.
void save_backbone(const fs::path& path, const Backbone& backbone, const Metadata& extra = {});

// The same as the .pth that PyTorch's torch.load(weights_only=True) reads: a state_dict under the names and in the
// order of the published code.
// The metadata of a model file go with it, for facerec's own reading.
void save_state_dict(const fs::path& path, const Backbone& backbone);

// The file's model on the CPU in evaluation mode, without dropout: facerec's own .safetensors or a checkpoint that
// recognise() knows; what it warns of is logged. The file is compared with the architecture before any memory is taken,
// and at no time is more than a slice of a tensor in memory twice.
std::shared_ptr<Backbone> load_backbone(const fs::path& path, const ModelOptions& options = {});

std::shared_ptr<Backbone> load_backbone(const Recognition& recognition);

// What galleries and thresholds hold to know their model again: SHA-256 in hex over the tensors, sorted by key (key,
// dtype, shape, bytes), and the preprocessing. Architecture, file format and other metadata do not enter.
std::string model_identity(const Backbone& backbone);

}  // namespace facerec
