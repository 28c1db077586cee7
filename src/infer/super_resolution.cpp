#include "facerec/infer/super_resolution.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "facerec/core/error.h"
#include "facerec/image/resample.h"
#include "facerec/io/onnx.h"
#include "facerec/io/sha256.h"
#include "infer/enlarger.h"

namespace facerec {
namespace {

class Bicubic final : public SuperResolver {
 public:
  int scale() const override { return 0; }
  std::string name() const override { return "bicubic"; }
  std::string identity() const override { return ""; }
  Image enlarge(const Image& image, int width, int height) override {
    return resize_pillow(image, width, height, PillowFilter::bicubic);
  }
};

// Of an enlarged image. The widest features of RCAN, 64 numbers a pixel, then take 1 GiB.
constexpr int64_t most_pixels = int64_t{1} << 22;

class NetworkResolver final : public SuperResolver {
 public:
  NetworkResolver(EnlargingNetwork network, std::string identity)
      : network_(std::move(network)), identity_(std::move(identity)) {}

  int scale() const override { return network_.scale; }
  std::string name() const override { return network_.title + " x" + std::to_string(network_.scale); }
  std::string identity() const override { return identity_; }

  Image enlarge(const Image& image, int width, int height) override {
    if (int64_t{image.width} * image.height * network_.scale * network_.scale > most_pixels) {
      throw Error(name() + " does not enlarge images of " + std::to_string(image.width) + "x" +
                  std::to_string(image.height) + ": the result would be larger than 4 megapixels");
    }
    const Planes planes = enlarged(planes_of(image, network_.channels, network_.range));
    const Image large = network_.channels == 3
                            ? image_of(planes, network_.range)
                            : with_luma(resize_pillow(image, planes.width, planes.height, PillowFilter::bicubic),
                                        planes, network_.range);
    return resize_pillow(large, width, height, PillowFilter::bicubic);
  }

 private:
  Planes enlarged(const Planes& planes) {
    const std::scoped_lock lock(mutex_);
    Planes large = network_.enlarger->enlarge(planes);
    if (!std::all_of(large.values.begin(), large.values.end(), [](float value) { return std::isfinite(value); })) {
      throw Error(name() + " gives what is no number").hint("its weights may be damaged");
    }
    return large;
  }

  EnlargingNetwork network_;
  std::string identity_;
  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<SuperResolver> open_super_resolver(const std::string& method, const SuperResolverOptions& options) {
  if (method == "bicubic") return std::make_unique<Bicubic>();
  const fs::path file = find_super_resolver(method);
  if (!fs::is_regular_file(file)) {
    throw Error::usage("'" + method + "' is no method of super-resolution, nor a file")
        .hint("bicubic, the .onnx, .pth or .safetensors file of a network, or a run of the task super_resolution");
  }
  EnlargingNetwork network = is_onnx(file) ? open_onnx_enlarger(file, options) : open_torch_enlarger(file, options);
  return std::make_unique<NetworkResolver>(std::move(network), sha256_of(file));
}

}  // namespace facerec
