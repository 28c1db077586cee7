#include <algorithm>
#include <cmath>

#include "face/boxes.h"
#include "face/detectors.h"
#include "face/mtcnn_networks.h"
#include "facerec/core/error.h"
#include "facerec/image/resample.h"
#include "facerec/model/device.h"

namespace facerec {
namespace {

using torch::Tensor;

// How a peer runs the networks, as read from its code.
struct Preset {
  std::string_view name;
  double factor;                    // from one level of the pyramid to the next
  std::array<float, 3> thresholds;  // scores of PNet, RNet, ONet
  // face.evoLVe: images are resampled by Pillow's bilinear filter, boxes rounded to whole pixels, those of both edges
  // belong to them, and what lies outside the image is black and cut off. facenet-pytorch: images are averaged over
  // areas and not rounded, boxes are continuous, and what lies outside does not enter.
  bool whole_pixels;
};
constexpr Preset presets[] = {{"mtcnn", 0.709, {0.6F, 0.7F, 0.7F}, false},
                              {"mtcnn_evolve", 0.707, {0.6F, 0.7F, 0.8F}, true}};

constexpr int cell = 12, stride = 2;           // of PNet, in pixels of a level
constexpr int64_t pixels_at_a_time = 1 << 17;  // of a level, in PNet: what it computes from them stays in the cache
constexpr size_t crops_at_a_time = 64;         // in RNet and ONet
constexpr float same_level = 0.5F, same_face = 0.7F;  // overlaps above which two boxes are one, of both peers

// Real: face.evoLVe computes boxes in double (NumPy), facenet-pytorch in fp32, which shows where they are rounded to
// pixels.
template <class Real>
struct Candidate {
  Real x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  float score = 0;
  std::array<float, 4> correction{};  // of x1, y1, x2, y2, in sides of the box
  std::array<float, 10> landmarks{};  // five x, five y, in sides of the box

  Real width() const { return x2 - x1; }
  Real height() const { return y2 - y1; }
  Box box() const {
    return {static_cast<float>(x1), static_cast<float>(y1), static_cast<float>(x2), static_cast<float>(y2)};
  }
};

template <class Real>
void suppress(std::vector<Candidate<Real>>& candidates, float threshold, const OverlapRule& rule) {
  std::vector<Box> boxes;
  std::vector<float> scores;
  for (const Candidate<Real>& candidate : candidates) {
    boxes.push_back(candidate.box());
    scores.push_back(candidate.score);
  }
  std::vector<Candidate<Real>> kept;
  for (const uint32_t i : suppress(boxes, scores, threshold, rule)) kept.push_back(candidates[i]);
  candidates = std::move(kept);
}

// `pixel`: 1 where the pixels of both edges belong to the box, else 0.
template <class Real>
void correct(Candidate<Real>& box, Real pixel) {
  const std::array<float, 4>& by = box.correction;
  const Real width = box.width() + pixel, height = box.height() + pixel;
  box.x1 += static_cast<Real>(by[0]) * width;
  box.y1 += static_cast<Real>(by[1]) * height;
  box.x2 += static_cast<Real>(by[2]) * width;
  box.y2 += static_cast<Real>(by[3]) * height;
}

// Around the same centre, as wide and high as the longer side.
template <class Real>
void make_square(Candidate<Real>& box, Real pixel) {
  constexpr Real half{0.5};
  const Real width = box.width() + pixel, height = box.height() + pixel, side = std::max(width, height);
  box.x1 = box.x1 + width * half - side * half;
  box.y1 = box.y1 + height * half - side * half;
  box.x2 = box.x1 + side - pixel;
  box.y2 = box.y1 + side - pixel;
}

void normalise(std::span<float> values) {
  for (float& value : values) value = (value - 127.5F) * 0.0078125F;
}

void normalise(const Image& image, int first_row, int rows, float* out) {
  const uint8_t* from = image.row(first_row);
  const size_t count = static_cast<size_t>(rows) * static_cast<size_t>(image.width) * 3;
  for (size_t i = 0; i < count; ++i) out[i] = (static_cast<float>(from[i]) - 127.5F) * 0.0078125F;
}

template <class Real>
class Mtcnn final : public Detector {
  using Candidate = facerec::Candidate<Real>;
  using Candidates = std::vector<std::vector<Candidate>>;  // of each image

 public:
  Mtcnn(const Preset& preset, const DetectorOptions& options, torch::Device device, std::span<const fs::path> weights)
      : preset_(preset),
        name_(preset.name),
        thresholds_(preset.thresholds),
        min_size_(std::max(options.min_size, cell)),  // smaller faces would need an enlarged image
        device_(device),
        pnet_(DetectorWeights(weights[0]), device),
        rnet_(DetectorWeights(weights[1]), device),
        onet_(DetectorWeights(weights[2]), device) {
    if (options.min_score > 0) thresholds_[2] = options.min_score;
  }

  const std::string& name() const override { return name_; }

  std::vector<std::vector<Face>> detect(std::span<const Image> images) override {
    const torch::InferenceMode inference;
    Candidates found(images.size());
    for (const std::vector<size_t>& group : groups_of_one_size(images)) propose(images, group, found);
    refine(images, found);
    decide(images, found);
    std::vector<std::vector<Face>> faces(images.size());
    for (size_t i = 0; i < images.size(); ++i) {
      for (const Candidate& candidate : found[i]) faces[i].push_back(face_of(candidate));
    }
    return faces;
  }

 private:
  Real pixel() const { return preset_.whole_pixels ? 1 : 0; }

  // PNet over a pyramid of images of one size.
  void propose(std::span<const Image> images, const std::vector<size_t>& group, Candidates& found) const {
    const int width = images[group.front()].width, height = images[group.front()].height;
    double scale = static_cast<double>(cell) / min_size_, side = std::min(width, height) * scale;
    while (preset_.whole_pixels ? side > cell : side >= cell) {
      Candidates level(group.size());
      propose_at(scale, images, group, level);
      for (size_t i = 0; i < group.size(); ++i) {
        suppress(level[i], same_level, {.counts_pixels = preset_.whole_pixels});
        found[group[i]].insert(found[group[i]].end(), level[i].begin(), level[i].end());
      }
      scale *= preset_.factor;
      side *= preset_.factor;
    }
    for (const size_t i : group) {
      suppress(found[i], same_face, {.counts_pixels = preset_.whole_pixels});
      for (Candidate& candidate : found[i]) {
        correct(candidate, pixel());
        make_square(candidate, pixel());
      }
    }
  }

  int level_side(int side, double scale) const {
    return preset_.whole_pixels ? static_cast<int>(std::ceil(side * scale)) : static_cast<int>(side * scale + 1);
  }

  // In strips of rows, which give the cells that the whole would give: a cell looks at `cell` rows, and the next one
  // begins `stride` rows below.
  void propose_at(double scale, std::span<const Image> images, const std::vector<size_t>& group,
                  Candidates& level) const {
    const int width = level_side(images[group.front()].width, scale);
    const int height = level_side(images[group.front()].height, scale);
    if (width < cell || height < cell) return;
    const auto count = static_cast<int64_t>(group.size());
    std::vector<Image> resized;
    for (const size_t i : group) {
      if (preset_.whole_pixels) resized.push_back(resize_pillow(images[i], width, height, PillowFilter::bilinear));
    }
    const auto step = static_cast<int>(std::max<int64_t>(pixels_at_a_time / (width * count) / stride * stride, cell));
    for (int row = 0; row + cell <= height + 1; row += step) {  // an odd row at the end is pooled alone
      const int rows = std::min(step + cell - stride, height - row);
      Tensor strip = torch::empty({count, rows, width, 3});
      for (int64_t i = 0; i < count; ++i) {
        const auto at = static_cast<size_t>(i);
        auto* out = strip[i].data_ptr<float>();
        if (preset_.whole_pixels) {
          normalise(resized[at], row, rows, out);
        } else {
          const Image& image = images[group[at]];
          resize_area(image, {0, 0, image.width, image.height}, width, height, row, rows, out);
          normalise(std::span(out, static_cast<size_t>(rows) * static_cast<size_t>(width) * 3));
        }
      }
      collect(checked(pnet_.forward(strip.permute({0, 3, 1, 2}).to(device_))), row / stride, scale, level);
    }
  }

  void collect(const mtcnn::Output& output, int first_row, double scale, Candidates& level) const {
    const auto score = output.probability.accessor<float, 3>();
    const auto correction = output.box.accessor<float, 4>();
    for (int64_t i = 0; i < score.size(0); ++i) {
      for (int64_t y = 0; y < score.size(1); ++y) {
        for (int64_t x = 0; x < score.size(2); ++x) {
          const float value = score[i][y][x];
          if (preset_.whole_pixels ? value <= thresholds_[0] : value < thresholds_[0]) continue;
          Candidate candidate = cell_at(x, y + first_row, scale);
          candidate.score = value;
          for (int64_t c = 0; c < 4; ++c) candidate.correction[static_cast<size_t>(c)] = correction[i][c][y][x];
          level[static_cast<size_t>(i)].push_back(candidate);
        }
      }
    }
  }

  // A cell in pixels of the image: the peers differ in its last pixel and in rounding.
  Candidate cell_at(int64_t x, int64_t y, double scale) const {
    const auto place = [&](int64_t at, int add) {
      const Real quotient = static_cast<Real>(stride * at + add) / static_cast<Real>(scale);
      return preset_.whole_pixels ? std::nearbyint(quotient) : std::floor(quotient);
    };
    const int last = preset_.whole_pixels ? cell + 1 : cell;
    return {place(x, 1), place(y, 1), place(x, last), place(y, last)};
  }

  void refine(std::span<const Image> images, Candidates& found) const {
    look_closer(images, found, rnet_, 24, thresholds_[1]);
    for (std::vector<Candidate>& candidates : found) {
      suppress(candidates, same_face, {.counts_pixels = preset_.whole_pixels});
      for (Candidate& candidate : candidates) {
        correct(candidate, Real{1});
        make_square(candidate, pixel());
      }
    }
  }

  void decide(std::span<const Image> images, Candidates& found) const {
    look_closer(images, found, onet_, 48, thresholds_[2]);
    for (std::vector<Candidate>& candidates : found) {
      for (Candidate& candidate : candidates) {
        place_landmarks(candidate);
        correct(candidate, Real{1});
      }
      // Several scores of 1.0 are common here, and both peers sort few of them from the end of numpy.argsort.
      suppress(candidates, same_face, {.counts_pixels = true, .against_smaller = true, .last_of_equals = true});
    }
  }

  // facenet-pytorch counts pixels from 1 here.
  void place_landmarks(Candidate& box) const {
    const Real first = preset_.whole_pixels ? 0 : 1;
    for (size_t i = 0; i < 5; ++i) {
      float &x = box.landmarks[i], &y = box.landmarks[5 + i];
      x = static_cast<float>((box.width() + 1) * static_cast<Real>(x) + box.x1 - first);
      y = static_cast<float>((box.height() + 1) * static_cast<Real>(y) + box.y1 - first);
    }
  }

  // Cuts the boxes out, lets `net` look at them, and keeps those with a score above the threshold.
  template <class Net>
  void look_closer(std::span<const Image> images, Candidates& found, const Net& net, int side, float threshold) const {
    std::vector<std::pair<const Image*, Candidate*>> crops;
    for (size_t i = 0; i < images.size(); ++i) {
      for (Candidate& candidate : found[i]) crops.emplace_back(&images[i], &candidate);
    }
    const size_t length = static_cast<size_t>(side) * static_cast<size_t>(side) * 3;
    for (size_t first = 0; first < crops.size(); first += crops_at_a_time) {
      const size_t count = std::min(crops_at_a_time, crops.size() - first);
      const Tensor batch = torch::empty({static_cast<int64_t>(count), side, side, 3});
      auto* out = batch.data_ptr<float>();
      at::parallel_for(0, static_cast<int64_t>(count), 1, [&](int64_t begin, int64_t end) {
        for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
          const auto& [image, candidate] = crops[first + i];
          if (cut(*image, *candidate, side, out + i * length)) continue;
          candidate->score = -1;
          std::fill_n(out + i * length, length, 0.0F);
        }
      });
      take_answers(checked(net.forward(batch.permute({0, 3, 1, 2}).to(device_))),
                   std::span(crops).subspan(first, count));
    }
    for (std::vector<Candidate>& candidates : found) {
      std::erase_if(candidates, [&](const Candidate& candidate) { return candidate.score <= threshold; });
    }
  }

  static void take_answers(const mtcnn::Output& output, std::span<const std::pair<const Image*, Candidate*>> crops) {
    const auto* score = output.probability.const_data_ptr<float>();
    const auto* correction = output.box.const_data_ptr<float>();
    const float* landmarks = output.landmarks.defined() ? output.landmarks.const_data_ptr<float>() : nullptr;
    for (size_t i = 0; i < crops.size(); ++i) {
      Candidate& candidate = *crops[i].second;
      if (candidate.score >= 0) candidate.score = score[i];
      std::copy_n(correction + 4 * i, 4, candidate.correction.begin());
      if (landmarks != nullptr) std::copy_n(landmarks + 10 * i, 10, candidate.landmarks.begin());
    }
  }

  // False where nothing of the box lies within the image, or the image is a speck in it: then the weights are no good.
  bool cut(const Image& image, Candidate& box, int side, float* out) const {
    const auto largest = static_cast<Real>(8 * std::max(image.width, image.height) + cell);
    if (!(box.width() < largest && box.height() < largest)) return false;
    return preset_.whole_pixels ? cut_padded(image, box, side, out) : cut_within(image, box, side, out);
  }

  static bool cut_within(const Image& image, const Candidate& box, int side, float* out) {
    const auto pixel_of = [](Real at) { return static_cast<int>(std::clamp<Real>(at, -1e9F, 1e9F)); };
    const int x1 = std::max(pixel_of(box.x1), 1) - 1, x2 = std::min(pixel_of(box.x2), image.width);
    const int y1 = std::max(pixel_of(box.y1), 1) - 1, y2 = std::min(pixel_of(box.y2), image.height);
    if (x2 <= x1 || y2 <= y1) return false;
    resize_area(image, {x1, y1, x2 - x1, y2 - y1}, side, side, 0, side, out);
    normalise(std::span(out, static_cast<size_t>(side) * static_cast<size_t>(side) * 3));
    return true;
  }

  // Rounds the box and cuts it off at the border.
  static bool cut_padded(const Image& image, Candidate& box, int side, float* out) {
    for (Real* edge : {&box.x1, &box.y1, &box.x2, &box.y2}) *edge = std::nearbyint(*edge);
    const auto width = static_cast<int>(box.width()) + 1, height = static_cast<int>(box.height()) + 1;
    const Real left = box.x1, top = box.y1;
    box.x1 = std::max<Real>(box.x1, 0);
    box.y1 = std::max<Real>(box.y1, 0);
    box.x2 = std::min<Real>(box.x2, image.width - 1);
    box.y2 = std::min<Real>(box.y2, image.height - 1);
    if (box.x2 < box.x1 || box.y2 < box.y1) return false;
    Image padded(width, height);
    const auto x1 = static_cast<int>(box.x1), length = 3 * (static_cast<int>(box.width()) + 1);
    for (auto y = static_cast<int>(box.y1); y <= static_cast<int>(box.y2); ++y) {
      uint8_t* to = padded.row(y - static_cast<int>(top)) + 3 * static_cast<ptrdiff_t>(box.x1 - left);
      std::copy_n(image.row(y) + ptrdiff_t{3} * x1, length, to);
    }
    normalise(resize_pillow(padded, side, side, PillowFilter::bilinear), 0, side, out);
    return true;
  }

  mtcnn::Output checked(const mtcnn::Output& output) const {
    const auto to_cpu = [](const Tensor& tensor) {
      return tensor.defined() ? tensor.to(torch::kCPU).contiguous() : tensor;
    };
    mtcnn::Output plain{to_cpu(output.probability), to_cpu(output.box), to_cpu(output.landmarks)};
    expect_numbers(plain.probability, name_);
    expect_numbers(plain.box, name_);
    return plain;
  }

  static Face face_of(const Candidate& candidate) {
    Face face{candidate.box(), candidate.score, {}};
    for (size_t i = 0; i < 5; ++i) face.landmarks[i] = {candidate.landmarks[i], candidate.landmarks[5 + i]};
    return face;
  }

  const Preset& preset_;
  std::string name_;
  std::array<float, 3> thresholds_;
  int min_size_;
  torch::Device device_;
  mtcnn::PNet pnet_;
  mtcnn::RNet rnet_;
  mtcnn::ONet onet_;
};

}  // namespace

std::unique_ptr<Detector> open_mtcnn(const DetectorOptions& options, std::span<const fs::path> weights) {
  const auto* const preset = std::find_if(std::begin(presets), std::end(presets),
                                          [&](const Preset& known) { return known.name == options.name; });
  const torch::Device device = open_device(options.device);
  if (preset->whole_pixels) return std::make_unique<Mtcnn<double>>(*preset, options, device, weights);
  return std::make_unique<Mtcnn<float>>(*preset, options, device, weights);
}

}  // namespace facerec
