#include <algorithm>
#include <cmath>

#include "face/boxes.h"
#include "face/detectors.h"
#include "face/priors.h"
#include "face/retinaface_network.h"
#include "facerec/model/device.h"

namespace facerec {
namespace {

using torch::Tensor;

// test_widerface.py of biubug6/Pytorch_Retinaface, whose visualisation and users take faces of a score of 0.6 and more.
constexpr float retinaface_min_score = 0.6F, retinaface_overlap = 0.4F;
constexpr float mean_bgr[3] = {104, 117, 123};
constexpr float centre_variance = 0.1F, size_variance = 0.2F;

class RetinaFace final : public Detector {
 public:
  RetinaFace(const DetectorOptions& options, retinaface::Backbone backbone, torch::Device device,
             const fs::path& weights)
      : name_(options.name),
        min_score_(options.min_score > 0 ? options.min_score : retinaface_min_score),
        device_(device),
        network_(DetectorWeights(weights), backbone, device) {}

  const std::string& name() const override { return name_; }

  std::vector<std::vector<Face>> detect(std::span<const Image> images) override {
    const torch::InferenceMode inference;
    std::vector<std::vector<Face>> faces(images.size());
    for (const std::vector<size_t>& group : groups_of_one_size(images)) {
      const int width = images[group.front()].width, height = images[group.front()].height;
      const retinaface::Output output = network_.forward(batch_of(images, group).to(device_));
      const std::vector<Prior> priors = priors_of(width, height);
      const Tensor score = on_cpu(output.score), loc = on_cpu(output.loc), landmarks = on_cpu(output.landmarks);
      expect_numbers(score, name_);
      for (size_t i = 0; i < group.size(); ++i) {
        const auto at = static_cast<int64_t>(i);
        std::vector<Face>& found = faces[group[i]];
        found = decode(priors, score[at].const_data_ptr<float>(), loc[at].const_data_ptr<float>(),
                       landmarks[at].const_data_ptr<float>());
        suppress(found, retinaface_overlap, {.counts_pixels = true});
      }
    }
    return faces;
  }

 private:
  static Tensor on_cpu(const Tensor& tensor) { return tensor.to(torch::kCPU).contiguous(); }

  static Tensor batch_of(std::span<const Image> images, const std::vector<size_t>& group) {
    const int width = images[group.front()].width, height = images[group.front()].height;
    const Tensor batch = torch::empty({static_cast<int64_t>(group.size()), height, width, 3});
    auto* to = batch.data_ptr<float>();
    for (const size_t i : group) {
      const std::vector<uint8_t>& rgb = images[i].rgb;
      for (size_t p = 0; p < rgb.size(); p += 3, to += 3) {
        for (size_t c = 0; c < 3; ++c) to[c] = static_cast<float>(rgb[p + 2 - c]) - mean_bgr[c];
      }
    }
    return batch.permute({0, 3, 1, 2});
  }

  std::vector<Face> decode(const std::vector<Prior>& priors, const float* score, const float* loc,
                           const float* landmarks) const {
    std::vector<Face> faces;
    for (size_t i = 0; i < priors.size(); ++i) {
      if (!(score[i] >= min_score_)) continue;
      const Prior& prior = priors[i];
      const float* at = loc + 4 * i;
      const float x = prior.x + at[0] * centre_variance * prior.side,
                  y = prior.y + at[1] * centre_variance * prior.side;
      const float width = prior.side * std::exp(at[2] * size_variance);
      const float height = prior.side * std::exp(at[3] * size_variance);
      Face face{{x - width / 2, y - height / 2, x + width / 2, y + height / 2}, score[i], {}};
      for (size_t p = 0; p < 5; ++p) {
        const float* point = landmarks + 10 * i + 2 * p;
        face.landmarks[p] = {prior.x + point[0] * centre_variance * prior.side,
                             prior.y + point[1] * centre_variance * prior.side};
      }
      faces.push_back(face);
    }
    return faces;
  }

  std::string name_;
  float min_score_;
  torch::Device device_;
  retinaface::Network network_;
};

}  // namespace

std::vector<Prior> priors_of(int width, int height) {
  std::vector<Prior> priors;
  for (int level = 0; level < 3; ++level) {
    const int step = 8 << level;
    for (int y = 0; y < (height + step - 1) / step; ++y) {
      for (int x = 0; x < (width + step - 1) / step; ++x) {
        for (const int side : {2 * step << level, 4 * step << level}) {
          priors.push_back({(static_cast<float>(x) + 0.5F) * static_cast<float>(step),
                            (static_cast<float>(y) + 0.5F) * static_cast<float>(step), static_cast<float>(side)});
        }
      }
    }
  }
  return priors;
}

std::unique_ptr<Detector> open_retinaface(const DetectorOptions& options, const fs::path& weights) {
  const bool resnet = options.name == "retinaface_resnet50";
  return std::make_unique<RetinaFace>(options,
                                      resnet ? retinaface::Backbone::resnet50 : retinaface::Backbone::mobilenet025,
                                      open_device(options.device), weights);
}

}  // namespace facerec
