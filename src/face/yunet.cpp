#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <openvino/openvino.hpp>

#include "face/boxes.h"
#include "face/detectors.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/io/onnx.h"

namespace facerec {
namespace {

// FaceDetectorYN of OpenCV's example.
constexpr float yunet_min_score = 0.6F, yunet_overlap = 0.3F;

class YuNet final : public Detector {
 public:
  YuNet(const DetectorOptions& options, const fs::path& weights)
      : name_(options.name), min_score_(options.min_score > 0 ? options.min_score : yunet_min_score), path_(weights) {
    ov::Core core;
    const std::shared_ptr<ov::Model> model = core.read_model(weights);
    check(*model);
    // The published graphs are for 640×640, and hold nothing that ties them to it.
    model->reshape(ov::PartialShape{1, 3, ov::Dimension::dynamic(), ov::Dimension::dynamic()});
    const ov::AnyMap settings{ov::hint::inference_precision(ov::element::f32),
                              ov::inference_num_threads(resolve_threads(options.threads)),
                              ov::hint::enable_cpu_pinning(false), ov::num_streams(1)};
    request_ = core.compile_model(model, "CPU", settings).create_infer_request();
  }

  const std::string& name() const override { return name_; }

  std::vector<std::vector<Face>> detect(std::span<const Image> images) override {
    std::vector<std::vector<Face>> faces;
    for (const Image& image : images) {
      fill(image);
      request_.infer();
      faces.emplace_back();
      for (const int stride : {8, 16, 32}) decode(stride, faces.back());
      suppress(faces.back(), yunet_overlap);
    }
    return faces;
  }

 private:
  static std::string output(const char* what, int stride) { return fmt::format("{}_{}", what, stride); }

  void check(const ov::Model& model) const {
    const Error error = Error("are not the weights of YuNet 2023").file(text_of(path_));
    const ov::PartialShape& input = model.inputs().size() == 1 ? model.input().get_partial_shape() : ov::PartialShape{};
    if (input.rank() != 4 || input[1] != 3) throw error;
    for (const int stride : {8, 16, 32}) {
      for (const auto& [what, numbers] : {std::pair("cls", 1), {"obj", 1}, {"bbox", 4}, {"kps", 10}}) {
        const auto& outputs = model.outputs();
        const auto is_it = [&, name = output(what, stride), width = numbers](const auto& known) {
          const ov::PartialShape& shape = known.get_partial_shape();
          return known.get_names().contains(name) && shape.rank() == 3 && shape[2] == width &&
                 known.get_element_type() == ov::element::f32;
        };
        if (!std::any_of(outputs.begin(), outputs.end(), is_it)) throw error;
      }
    }
  }

  // BGR from 0 to 255, with black to the right and below up to a multiple of the largest stride.
  void fill(const Image& image) {
    const auto padded = [](int side) { return static_cast<size_t>(side + 31) / 32 * 32; };
    const size_t width = padded(image.width), height = padded(image.height);
    ov::Tensor input = request_.get_input_tensor();
    input.set_shape({1, 3, height, width});
    auto* plane = input.data<float>();
    for (size_t channel = 0; channel < 3; ++channel, plane += height * width) {
      for (size_t y = 0; y < height; ++y) {
        float* to = plane + y * width;
        size_t x = 0;
        if (y < static_cast<size_t>(image.height)) {
          const uint8_t* from = image.row(static_cast<int>(y)) + 2 - channel;
          for (; x < static_cast<size_t>(image.width); ++x) to[x] = static_cast<float>(from[3 * x]);
        }
        std::fill(to + x, to + width, 0.0F);
      }
    }
    columns_ = width;
  }

  // The decoding of OpenCV's FaceDetectorYN.
  void decode(int stride, std::vector<Face>& faces) {
    const ov::Tensor scores = request_.get_tensor(output("cls", stride)),
                     objects = request_.get_tensor(output("obj", stride));
    const auto *score = scores.data<const float>(), *object = objects.data<const float>();
    const auto* box = request_.get_tensor(output("bbox", stride)).data<const float>();
    const auto* points = request_.get_tensor(output("kps", stride)).data<const float>();
    const size_t columns = columns_ / static_cast<size_t>(stride);
    const auto scale = static_cast<float>(stride);
    for (size_t i = 0; i < scores.get_size(); ++i) {
      const float value = std::sqrt(std::clamp(score[i], 0.0F, 1.0F) * std::clamp(object[i], 0.0F, 1.0F));
      if (std::isnan(value)) throw Error("the network of " + name_ + " gives what is no number").file(text_of(path_));
      if (value < min_score_) continue;
      const auto column = static_cast<float>(i % columns), row = static_cast<float>(i / columns);
      const float *at = box + 4 * i, *point = points + 10 * i;
      const float x = (column + at[0]) * scale, y = (row + at[1]) * scale;
      const float width = std::exp(at[2]) * scale, height = std::exp(at[3]) * scale;
      Face face{{x - width / 2, y - height / 2, x + width / 2, y + height / 2}, value, {}};
      for (size_t p = 0; p < 5; ++p) {
        face.landmarks[p] = {(point[2 * p] + column) * scale, (point[2 * p + 1] + row) * scale};
      }
      faces.push_back(face);
    }
  }

  std::string name_;
  float min_score_;
  fs::path path_;
  ov::InferRequest request_;
  size_t columns_ = 0;  // of the input, in pixels
};

}  // namespace

std::unique_ptr<Detector> open_yunet(const DetectorOptions& options, const fs::path& weights) {
  if (options.device != "auto" && options.device != "cpu") {
    throw Error::usage("YuNet is computed on the CPU, not on " + options.device).hint("run with --device cpu");
  }
  open_onnx(weights);  // refuses what OpenVINO must not see
  try {
    return std::make_unique<YuNet>(options, weights);
  } catch (const ov::Exception& failure) {
    throw Error(std::string("OpenVINO cannot use it: ") + failure.what()).file(text_of(weights));
  }
}

}  // namespace facerec
