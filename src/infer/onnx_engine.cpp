#include <algorithm>
#include <openvino/runtime/core.hpp>

#include "facerec/core/error.h"
#include "facerec/io/onnx.h"
#include "facerec/model/onnx.h"
#include "infer/auto_precision.h"
#include "infer/openvino_engine.h"

namespace facerec {
namespace {

void check_options(const EngineOptions& options) {
  if (options.engine == "libtorch") {
    throw Error::usage("ONNX models are computed by OpenVINO, not by LibTorch")
        .hint("leave --engine libtorch out, or use the model's .safetensors");
  }
  if (options.device != "auto" && options.device != "cpu") {
    throw Error::usage("ONNX models are computed on the CPU, not on " + options.device)
        .hint("run with --device cpu, or use the model's .safetensors");
  }
}

// An ONNX file on its way into a network that takes pixels.
class OnnxReader {
 public:
  OnnxReader(const fs::path& file, const ModelSpec& spec) {
    network_.file = file;
    network_.spec = spec;
    network_.graph = ov::Core().read_model(file);
  }

  OpenVinoNetwork run() {
    fit_input();
    open_batch();
    find_output();
    take_pixels(network_, channels_last_ ? "NHWC" : "NCHW");
    network_.identity = onnx_identity(network_.file);
    return std::move(network_);
  }

 private:
  Error error(const std::string& what) const { return Error(what).file(text_of(network_.file)); }

  void fit_input() {
    const ov::PartialShape shape = network_.graph->input().get_partial_shape();  // throws where there are several
    if (shape.rank() != 4) throw error("its input is no batch of images");
    channels_last_ = shape[1] != 3;
    if (channels_last_ && shape[3] != 3) throw error("its input has no axis for 3 channels");
    const ov::Dimension &height = shape[channels_last_ ? 1 : 2], &width = shape[channels_last_ ? 2 : 3];
    const Preprocess& image = network_.spec.preprocess;
    if (!height.compatible(image.height) || !width.compatible(image.width)) {
      throw error("takes images of " + std::to_string(width.get_length()) + "x" + std::to_string(height.get_length()) +
                  ", not of " + std::to_string(image.width) + "x" + std::to_string(image.height));
    }
    network_.graph->reshape(input_shape(shape[0]));
  }

  ov::PartialShape input_shape(const ov::Dimension& batch) const {
    const ov::Dimension height = network_.spec.preprocess.height, width = network_.spec.preprocess.width;
    return channels_last_ ? ov::PartialShape{batch, height, width, 3} : ov::PartialShape{batch, 3, height, width};
  }

  // Many graphs were written for a fixed batch, and some hold that number inside as well: the images must then go
  // through in such batches. A reshaped graph is told by its output: that grows with the batch, or it does not.
  void open_batch() {
    const ov::Dimension batch = network_.graph->input().get_partial_shape()[0];
    if (batch.is_dynamic()) return;
    const std::shared_ptr<ov::Model> opened = network_.graph->clone();
    try {
      opened->reshape(input_shape(ov::Dimension::dynamic()));
      const auto& outputs = opened->outputs();
      if (std::all_of(outputs.begin(), outputs.end(), [](const auto& output) {
            const ov::PartialShape& shape = output.get_partial_shape();
            return shape.rank().is_static() && shape.size() > 0 && shape[0].is_dynamic();
          })) {
        network_.graph = opened;
        return;
      }
    } catch (const ov::Exception&) {  // as fixed as before
    }
    network_.batch = batch.get_length();
  }

  void find_output() {
    const ov::Model& graph = *network_.graph;
    std::vector<int64_t> lengths(graph.outputs().size());
    for (size_t i = 0; i < lengths.size(); ++i) {
      const ov::Output<const ov::Node> output = graph.output(i);
      if (!output.get_element_type().is_real() || output.get_partial_shape().rank().is_dynamic()) continue;
      std::vector<int64_t> shape;
      for (const ov::Dimension& extent : output.get_partial_shape()) {
        shape.push_back(extent.is_static() ? extent.get_length() : -1);
      }
      lengths[i] = embedding_length(shape);
      if (lengths[i] > 0) network_.output = i;
    }
    if (std::count(lengths.begin(), lengths.end(), 0) + 1 != static_cast<int64_t>(lengths.size())) {
      throw error("none of its " + std::to_string(lengths.size()) + " outputs is one embedding an image")
          .hint("this is another kind of network, such as a detector");
    }
    fit_embedding(lengths[network_.output]);
  }

  void fit_embedding(int64_t length) {
    int64_t& expected = network_.spec.embedding_size;
    if (expected == 0) expected = length;
    if (expected != length) {
      throw error("gives embeddings of " + std::to_string(length) + " numbers, not of " + std::to_string(expected));
    }
  }

  OpenVinoNetwork network_;
  bool channels_last_ = false;
};

OpenVinoNetwork read(const fs::path& file, const ModelSpec& spec) {
  try {
    return OnnxReader(file, spec).run();
  } catch (const ov::Exception& failure) {
    throw openvino_error(file, "use", failure);
  }
}

}  // namespace

std::unique_ptr<Engine> open_onnx_engine(const fs::path& onnx_file, const ModelSpec& spec,
                                         const EngineOptions& options) {
  check_options(options);
  describe_onnx(open_onnx(onnx_file));  // refuses what OpenVINO must not see, and what are no embeddings
  return with_precision(options.precision, "cpu",
                        [network = read(onnx_file, spec), threads = options.threads](const std::string& precision) {
                          return openvino_engine(network, precision, threads);
                        });
}

}  // namespace facerec
