#include "train/super_resolution_scores.h"

#include <algorithm>
#include <cmath>

#include "facerec/core/error.h"
#include "facerec/image/degrade.h"
#include "facerec/image/geometry.h"
#include "facerec/image/resample.h"

namespace facerec {
namespace {

Image centre(const Image& image, int scale) {
  constexpr int most = 1024;
  auto extent = [&](int side) { return std::min(side, most) / scale * scale; };
  const int width = extent(image.width), height = extent(image.height);
  return cut(image, {(image.width - width) / 2, (image.height - height) / 2, width, height});
}

Image enlarged(SuperResolutionNetwork& network, const Image& image) {
  auto* pixels = const_cast<uint8_t*>(image.rgb.data());
  const torch::Device device = network.parameters().front().device();
  const torch::Tensor input = torch::from_blob(pixels, {1, image.height, image.width, 3}, torch::kUInt8)
                                  .to(device)
                                  .permute({0, 3, 1, 2})
                                  .to(torch::kFloat32);
  const torch::Tensor bytes = network.forward(input).round().clamp(0, 255).to(torch::kUInt8);
  const torch::Tensor rows = bytes.permute({0, 2, 3, 1}).to(torch::kCPU).contiguous();
  Image large(static_cast<int>(rows.size(2)), static_cast<int>(rows.size(1)));
  std::copy_n(rows.const_data_ptr<uint8_t>(), large.rgb.size(), large.rgb.begin());
  return large;
}

}  // namespace

double psnr(const Image& a, const Image& b) {
  double squares = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) squares += std::pow(int{a.rgb[i]} - int{b.rgb[i]}, 2);
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.rgb.size()) / std::max(squares, 1.0));
}

std::vector<ValidationScore> super_resolution_scores(SuperResolutionNetwork& network, const Dataset& images) {
  const torch::NoGradGuard without_gradient;
  const int scale = static_cast<int>(network.scale());
  double by_network = 0, by_bicubic = 0;
  for (int64_t i = 0; i < images.size(); ++i) {
    const Image whole = load_image(images, i);
    if (std::min(whole.width, whole.height) < scale) {
      throw Error("is too small to be reduced by " + std::to_string(scale)).file(images.name(i));
    }
    const Image image = centre(whole, scale), small = reduce(image, scale);
    by_network += psnr(enlarged(network, small), image);
    by_bicubic += psnr(resize_pillow(small, image.width, image.height, PillowFilter::bicubic), image);
  }
  const auto count = static_cast<double>(images.size());
  return {{"psnr", by_network / count}, {"psnr_bicubic", by_bicubic / count, /*decides=*/false}};
}

}  // namespace facerec
