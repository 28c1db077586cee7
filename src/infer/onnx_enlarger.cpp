// Super-resolution by ONNX files, of which nothing is known but what they show.
#include <algorithm>
#include <cmath>
#include <openvino/runtime/core.hpp>

#include "facerec/core/error.h"
#include "facerec/image/resample.h"
#include "facerec/io/onnx.h"
#include "facerec/model/device.h"
#include "infer/auto_precision.h"
#include "infer/enlarger.h"
#include "infer/openvino_engine.h"

namespace facerec {
namespace {

constexpr int most_scale = 8;

// A network made for one size: smaller images are continued beyond their edges up to it, and the result is cut.
class FixedEnlarger final : public Enlarger {
 public:
  FixedEnlarger(std::unique_ptr<Enlarger> network, int width, int height, fs::path file)
      : network_(std::move(network)), width_(width), height_(height), file_(std::move(file)) {}

  Planes enlarge(const Planes& image) override {
    if (image.width > width_ || image.height > height_) {
      throw Error("takes images of up to " + std::to_string(width_) + "x" + std::to_string(height_) + ", not of " +
                  std::to_string(image.width) + "x" + std::to_string(image.height))
          .file(text_of(file_));
    }
    const Planes large = network_->enlarge(framed(image, width_, height_));
    const int scale = large.width / width_;
    return framed(large, image.width * scale, image.height * scale);
  }

 private:
  // From the corner on; beyond the edges their pixels are repeated.
  static Planes framed(const Planes& image, int width, int height) {
    Planes result(image.channels, width, height);
    for (int c = 0; c < image.channels; ++c) {
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          result.at(c, y, x) = image.at(c, std::min(y, image.height - 1), std::min(x, image.width - 1));
        }
      }
    }
    return result;
  }

  std::unique_ptr<Enlarger> network_;
  int width_, height_;
  fs::path file_;
};

Image smooth_shades(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double shade = 128 + 80 * std::sin(x * 0.2) * std::cos(y * 0.15);
      std::fill_n(image.row(y) + 3 * x, 3, static_cast<uint8_t>(shade));
    }
  }
  return image;
}

class OnnxEnlargerReader {
 public:
  explicit OnnxEnlargerReader(const fs::path& file) : file_(file) {}

  EnlargingNetwork run(const std::string& precision, int threads) {
    open_onnx(file_);  // refuses what OpenVINO must not see
    EnlargingNetwork network{.title = file_.stem().string(), .enlarger = nullptr};
    try {
      const std::shared_ptr<ov::Model> graph = ov::Core().read_model(file_);
      network.channels = fit_input(*graph);
      network.enlarger = openvino_enlarger(graph, file_, precision, threads);
    } catch (const ov::Exception& failure) {
      throw openvino_error(file_, "use", failure);
    }
    if (width_ > 0) {
      network.enlarger = std::make_unique<FixedEnlarger>(std::move(network.enlarger), width_, height_, file_);
    }
    try_out(network);
    return network;
  }

 private:
  Error error(const std::string& what) const {
    return Error(what).file(text_of(file_)).hint("a network of super-resolution takes [1,3,H,W] or [1,1,H,W], fp32");
  }

  // One image at a time, of any size or of width_ × height_. Returns the channels.
  int fit_input(ov::Model& graph) {
    ov::PartialShape shape = graph.input().get_partial_shape();  // throws where there are several
    if (shape.rank() != 4 || graph.input().get_element_type() != ov::element::f32) {
      throw error("its input is no batch of images");
    }
    if (!shape[0].compatible(1)) throw error("is made for batches of " + std::to_string(shape[0].get_length()));
    if (!shape[1].compatible(1) && !shape[1].compatible(3)) throw error("takes neither RGB nor luma");
    if (shape[2].is_static() != shape[3].is_static()) throw error("is open in one of height and width alone");
    shape[0] = 1;
    if (shape[1].is_dynamic()) shape[1] = 3;
    if (shape[2].is_static()) {
      if (shape[2].get_length() > max_input_side || shape[3].get_length() > max_input_side) {
        throw error("takes images larger than " + std::to_string(max_input_side) + " pixels");
      }
      height_ = static_cast<int>(shape[2].get_length());
      width_ = static_cast<int>(shape[3].get_length());
    }
    graph.reshape(shape);
    return static_cast<int>(shape[1].get_length());
  }

  // A picture is enlarged in either range. What the network gives must be near what the bicubic filter
  // gives; a network for 0 … 1 may bear 0 … 255 as well, its biases being small then, so 0 … 1 is preferred.
  void try_out(EnlargingNetwork& network) const {
    constexpr double near = 0.1;
    const Image image = smooth_shades(width_ > 0 ? width_ : 24, height_ > 0 ? height_ : 24);
    double nearest = INFINITY;
    for (const float range : {1.0F, 255.0F}) {
      const double distance = distance_from_bicubic(network, image, range);
      if (distance * 2 < nearest) {
        nearest = distance;
        network.range = range;
      }
    }
    if (!(nearest < near)) throw error("does not enlarge pictures: what it gives is far from them");
  }

  // The mean over pixels, of a range of 1. Sets the scale.
  double distance_from_bicubic(EnlargingNetwork& network, const Image& image, float range) const {
    const Planes large = network.enlarger->enlarge(planes_of(image, network.channels, range));
    network.scale = large.width / image.width;
    if (network.scale < 2 || network.scale > most_scale || large.channels != network.channels ||
        large.width != image.width * network.scale || large.height != image.height * network.scale) {
      throw error("makes " + std::to_string(large.width) + "x" + std::to_string(large.height) + " of " +
                  std::to_string(image.width) + "x" + std::to_string(image.height) +
                  ", no image 2 to 8 times as large");
    }
    const Planes bicubic =
        planes_of(resize_pillow(image, large.width, large.height, PillowFilter::bicubic), network.channels, range);
    double sum = 0;
    for (size_t i = 0; i < large.values.size(); ++i) sum += std::abs(large.values[i] - bicubic.values[i]);
    return sum / range / static_cast<double>(large.values.size());
  }

  fs::path file_;
  int width_ = 0, height_ = 0;  // that the graph is made for; 0: any
};

}  // namespace

EnlargingNetwork open_onnx_enlarger(const fs::path& file, const SuperResolverOptions& options) {
  if (options.device != "auto" && options.device != "cpu") {
    throw Error::usage("ONNX models are computed on the CPU, not on " + options.device).hint("run with --device cpu");
  }
  check_precision(options.precision, "cpu");
  return OnnxEnlargerReader(file).run(resolve_precision(options.precision, at::Device("cpu")), options.threads);
}

}  // namespace facerec
