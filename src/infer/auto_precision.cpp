#include "infer/auto_precision.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <vector>

#include "facerec/core/error.h"
#include "facerec/model/device.h"

namespace facerec {
namespace {

double cosine(std::span<const float> a, std::span<const float> b) {
  double dot = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    dot += double{a[i]} * b[i];
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
  }
  return dot / std::sqrt(aa * bb);
}

// NaN where one of them is.
double lowest_cosine(std::span<const float> a, std::span<const float> b, size_t length) {
  double lowest = 1;
  for (size_t first = 0; first < a.size(); first += length) {
    const double value = cosine(a.subspan(first, length), b.subspan(first, length));
    if (!(value >= lowest)) lowest = value;
    if (std::isnan(lowest)) break;
  }
  return lowest;
}

class AutoPrecision final : public Engine {
 public:
  explicit AutoPrecision(OpenEngine open) : engine_(open("fp32")), spec_(engine_->spec()), open_(std::move(open)) {}

  const ModelSpec& spec() const override { return spec_; }
  std::string identity() const override { return engine_->identity(); }
  Computation computation() const override {
    Computation computation = engine_->computation();
    computation.reason = reason_;
    return computation;
  }

  void embed(std::span<const uint8_t> nhwc, int64_t n, std::span<float> out) override {
    engine_->embed(nhwc, n, out);
    if (open_ && n >= images_for_check) decide(nhwc, n, out);
  }

 private:
  void decide(std::span<const uint8_t> nhwc, int64_t n, std::span<float> out) {
    std::unique_ptr<Engine> fast = std::exchange(open_, nullptr)("bf16");
    std::vector<float> rounded(out.size());
    fast->embed(nhwc, n, rounded);
    const double lowest = lowest_cosine(out, rounded, static_cast<size_t>(spec().embedding_size));
    const bool close = lowest >= least_cosine;
    reason_ =
        fmt::format("the lowest cosine between embeddings in bf16 and fp32 is {:.5f} over {} images; {} is enough",
                    lowest, n, least_cosine);
    if (close) {
      engine_ = std::move(fast);
      std::copy(rounded.begin(), rounded.end(), out.begin());
    }
    spdlog::info("precision {}: {}", computation().precision, reason_);
  }

  std::unique_ptr<Engine> engine_;
  ModelSpec spec_;   // outlives the engine that is replaced
  OpenEngine open_;  // until it is decided
  std::string reason_ = fmt::format("fewer than {} images at a time", images_for_check);
};

}  // namespace

void check_precision(const std::string& precision, const std::string& device) {
  if (precision == "fp16" && device == "cpu") {
    throw Error::usage("fp16 is computed on NVIDIA GPUs only").hint("--precision bf16, fp32 or auto; or --device cuda");
  }
}

std::unique_ptr<Engine> with_precision(const std::string& precision, const std::string& device, OpenEngine open) {
  check_precision(precision, device);
  if (precision != "auto") return open(precision);
  if (resolve_precision(precision, at::Device(device)) == "bf16")
    return std::make_unique<AutoPrecision>(std::move(open));
  spdlog::info("precision fp32: {} does not compute bf16 natively", device == "cpu" ? "this CPU" : "this GPU");
  return open("fp32");
}

}  // namespace facerec
