#include <numeric>

#include "facerec/infer/engine.h"

namespace facerec {
namespace {

class PixelEngine : public Engine {
 public:
  explicit PixelEngine(const Preprocess& preprocess) {
    spec_.architecture = "grey_pixels";
    spec_.preprocess = preprocess;
    spec_.embedding_size = int64_t{preprocess.width} * preprocess.height;
  }

  const ModelSpec& spec() const override { return spec_; }
  std::string identity() const override { return ""; }

  void embed(std::span<const uint8_t> nhwc, int64_t n, std::span<float> out) override {
    const auto pixels = static_cast<size_t>(spec_.embedding_size);
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
      const std::span<float> grey = out.subspan(i * pixels, pixels);
      const uint8_t* rgb = nhwc.data() + i * pixels * 3;
      for (float& value : grey) {
        // ITU-R BT.601 luma
        value = 0.299F * static_cast<float>(rgb[0]) + 0.587F * static_cast<float>(rgb[1]) +
                0.114F * static_cast<float>(rgb[2]);
        rgb += 3;
      }
      const float mean = std::accumulate(grey.begin(), grey.end(), 0.0F) / static_cast<float>(pixels);
      for (float& value : grey) value -= mean;
    }
  }

 private:
  ModelSpec spec_;
};

}  // namespace

std::unique_ptr<Engine> pixel_engine(const Preprocess& preprocess) { return std::make_unique<PixelEngine>(preprocess); }

}  // namespace facerec
