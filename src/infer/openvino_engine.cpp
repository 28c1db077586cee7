#include <algorithm>
#include <array>
#include <openvino/openvino.hpp>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/infer/engine.h"
#include "facerec/io/onnx.h"
#include "facerec/model/onnx.h"

namespace facerec {
namespace {

// The last line of OpenVINO's messages says what is wrong; those before it name its own source files.
std::string reason(const ov::Exception& failure) {
  std::string text = failure.what();
  text.erase(text.find_last_not_of(" \n") + 1);
  return text.substr(text.find_last_of('\n') + 1);
}

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

std::string resolve_precision(ov::Core& core, const std::string& precision) {
  if (precision != "auto") return precision;
  const auto capabilities = core.get_property("CPU", ov::device::capabilities);
  return std::find(capabilities.begin(), capabilities.end(), "BF16") != capabilities.end() ? "bf16" : "fp32";
}

ov::AnyMap settings(const std::string& precision, const EngineOptions& options) {
  return {ov::hint::inference_precision(precision == "bf16" ? ov::element::bf16 : ov::element::f32),
          ov::inference_num_threads(resolve_threads(options.threads)),
          ov::hint::enable_cpu_pinning(false),  // other processes may have been given the same cores
          ov::num_streams(1)};
}

class OpenVinoEngine final : public Engine {
 public:
  OpenVinoEngine(const fs::path& path, ModelSpec spec, const EngineOptions& options)
      : path_(path), spec_(std::move(spec)) {
    ov::Core core;
    precision_ = resolve_precision(core, options.precision);
    std::shared_ptr<ov::Model> model = core.read_model(path_);
    fit_input(*model);
    open_batch(model);
    find_output(*model);
    model = with_plain_types(model);
    request_ = core.compile_model(model, "CPU", settings(precision_, options)).create_infer_request();
    for (size_t c = 0; c < 3; ++c) {
      const float scale = 1.0F / (255.0F * spec_.preprocess.std[c]);
      const float shift = -spec_.preprocess.mean[c] / spec_.preprocess.std[c];
      for (size_t x = 0; x < 256; ++x) normalised_[c][x] = static_cast<float>(x) * scale + shift;
    }
  }

  const ModelSpec& spec() const override { return spec_; }
  std::string identity() const override { return onnx_identity(path_); }
  Computation computation() const override { return {"openvino", "cpu", precision_, ""}; }

  void embed(std::span<const uint8_t> nhwc, int64_t n, std::span<float> out) override {
    const size_t image = nhwc.size() / static_cast<size_t>(n), length = static_cast<size_t>(spec_.embedding_size);
    const int64_t step = batch_ > 0 ? batch_ : n;
    for (int64_t first = 0; first < n; first += step) {
      const auto begin = static_cast<size_t>(first), count = static_cast<size_t>(std::min(step, n - first));
      compute(nhwc.subspan(begin * image, count * image), count, static_cast<size_t>(step),
              out.subspan(begin * length, count * length));
    }
  }

 private:
  Error error(const std::string& what) const { return Error(what).file(text_of(path_)); }

  void fit_input(ov::Model& model) {
    const ov::PartialShape shape = model.input().get_partial_shape();  // throws where there are several
    if (shape.rank() != 4) throw error("its input is no batch of images");
    channels_last_ = shape[1] != 3;
    if (channels_last_ && shape[3] != 3) throw error("its input has no axis for 3 channels");
    const ov::Dimension &height = shape[channels_last_ ? 1 : 2], &width = shape[channels_last_ ? 2 : 3];
    const Preprocess& image = spec_.preprocess;
    if (!height.compatible(image.height) || !width.compatible(image.width)) {
      throw error("takes images of " + std::to_string(width.get_length()) + "x" + std::to_string(height.get_length()) +
                  ", not of " + std::to_string(image.width) + "x" + std::to_string(image.height));
    }
    model.reshape(input_shape(shape[0]));
  }

  ov::PartialShape input_shape(const ov::Dimension& batch) const {
    const ov::Dimension height = spec_.preprocess.height, width = spec_.preprocess.width;
    return channels_last_ ? ov::PartialShape{batch, height, width, 3} : ov::PartialShape{batch, 3, height, width};
  }

  // Many graphs were written for a fixed batch, and some hold that number inside as well: the images must then go
  // through in such batches. A reshaped graph is told by its output: that grows with the batch, or it does not.
  void open_batch(std::shared_ptr<ov::Model>& model) {
    const ov::Dimension batch = model->input().get_partial_shape()[0];
    if (batch.is_dynamic()) return;
    const std::shared_ptr<ov::Model> opened = model->clone();
    try {
      opened->reshape(input_shape(ov::Dimension::dynamic()));
      const auto& outputs = opened->outputs();
      if (std::all_of(outputs.begin(), outputs.end(), [](const auto& output) {
            const ov::PartialShape& shape = output.get_partial_shape();
            return shape.rank().is_static() && shape.size() > 0 && shape[0].is_dynamic();
          })) {
        model = opened;
        return;
      }
    } catch (const ov::Exception&) {  // as fixed as before
    }
    batch_ = batch.get_length();
  }

  void find_output(const ov::Model& model) {
    std::vector<int64_t> lengths(model.outputs().size());
    for (size_t i = 0; i < lengths.size(); ++i) {
      const ov::Output<const ov::Node> output = model.output(i);
      if (!output.get_element_type().is_real() || output.get_partial_shape().rank().is_dynamic()) continue;
      std::vector<int64_t> shape;
      for (const ov::Dimension& extent : output.get_partial_shape()) {
        shape.push_back(extent.is_static() ? extent.get_length() : -1);
      }
      lengths[i] = embedding_length(shape);
      if (lengths[i] > 0) output_ = i;
    }
    if (std::count(lengths.begin(), lengths.end(), 0) + 1 != static_cast<int64_t>(lengths.size())) {
      throw error("none of its " + std::to_string(lengths.size()) + " outputs is one embedding an image")
          .hint("this is another kind of network, such as a detector");
    }
    if (spec_.embedding_size == 0) spec_.embedding_size = lengths[output_];
    if (spec_.embedding_size != lengths[output_]) {
      throw error("gives embeddings of " + std::to_string(lengths[output_]) + " numbers, not of " +
                  std::to_string(spec_.embedding_size));
    }
  }

  // fp32 in place of every other floating-point type at the graph's edges; 8-bit pixels stay.
  std::shared_ptr<ov::Model> with_plain_types(const std::shared_ptr<ov::Model>& model) {
    ov::preprocess::PrePostProcessor edges(model);
    takes_bytes_ = model->input().get_element_type() == ov::element::u8;
    if (!takes_bytes_) edges.input().tensor().set_element_type(ov::element::f32);
    edges.output(output_).tensor().set_element_type(ov::element::f32);
    return edges.build();
  }

  // The images and, up to `batch`, whatever the input held before.
  void compute(std::span<const uint8_t> nhwc, size_t count, size_t batch, std::span<float> out) {
    try {
      ov::Tensor input = request_.get_input_tensor();
      input.set_shape(input_shape(static_cast<int64_t>(batch)).to_shape());
      if (takes_bytes_) {
        fill(nhwc, count, input.data<uint8_t>(), [](size_t, uint8_t value) { return value; });
      } else {
        fill(nhwc, count, input.data<float>(), [this](size_t c, uint8_t value) { return normalised_[c][value]; });
      }
      request_.infer();
      std::copy_n(request_.get_output_tensor(output_).data<const float>(), out.size(), out.data());
    } catch (const ov::Exception& failure) {
      throw error("OpenVINO cannot compute it: " + reason(failure));
    }
  }

  template <class Value, class Convert>
  void fill(std::span<const uint8_t> nhwc, size_t count, Value* to, const Convert& convert) const {
    const size_t pixels = nhwc.size() / count / 3;
    const size_t step = channels_last_ ? 3 : 1;
    for (size_t i = 0; i < count; ++i) {
      for (size_t c = 0; c < 3; ++c) {
        const uint8_t* from = nhwc.data() + i * pixels * 3 + (spec_.preprocess.bgr ? 2 - c : c);
        Value* channel = to + i * pixels * 3 + (channels_last_ ? c : c * pixels);
        for (size_t p = 0; p < pixels; ++p) channel[p * step] = convert(c, from[p * 3]);
      }
    }
  }

  fs::path path_;
  ModelSpec spec_;
  std::string precision_;
  bool channels_last_ = false;
  bool takes_bytes_ = false;
  int64_t batch_ = 0;  // of the graph; 0: any
  size_t output_ = 0;
  std::array<std::array<float, 256>, 3> normalised_{};  // by channel of the network
  ov::InferRequest request_;
};

}  // namespace

std::unique_ptr<Engine> open_onnx_engine(const fs::path& onnx_file, const ModelSpec& spec,
                                         const EngineOptions& options) {
  check_options(options);
  describe_onnx(open_onnx(onnx_file));  // refuses what OpenVINO must not see, and what are no embeddings
  try {
    return std::make_unique<OpenVinoEngine>(onnx_file, spec, options);
  } catch (const ov::Exception& failure) {
    throw Error("OpenVINO cannot use it: " + reason(failure)).file(text_of(onnx_file));
  }
}

}  // namespace facerec
