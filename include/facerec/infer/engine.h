// Inference engines: from 8-bit images to embeddings, whatever computes them. Free of LibTorch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "facerec/core/files.h"
#include "facerec/model/recognise.h"
#include "facerec/model/spec.h"

namespace facerec {

class Backbone;

// What computes, for logs and reports. Empty where there is no network.
struct Computation {
  std::string engine;     // libtorch | openvino
  std::string device;     // cpu | cuda:N
  std::string precision;  // fp32 | bf16 | fp16
  std::string reason;     // for people, where `auto` was asked for: why these
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual const ModelSpec& spec() const = 0;  // the same object as long as the engine lives
  virtual std::string identity() const = 0;  // SHA-256 of weights and preprocessing; "" where there are no weights

  // nhwc: n RGB images of spec().preprocess.width × height, 8 bit; out: [n, embedding_size], without a flip, raw or of
  // length 1 as spec().unit_length says.
  // Not thread-safe.
  virtual void embed(std::span<const uint8_t> nhwc, int64_t n, std::span<float> out) = 0;

  // With precision `auto` that of the last call: until embed() has seen images it is not known.
  virtual Computation computation() const { return {}; }
};

struct EngineOptions {
  std::string device = "auto";     // auto | cpu | cuda | cuda:N
  std::string precision = "fp32";  // auto | fp32 | bf16 | fp16 (on CUDA only)
  int threads = 0;                 // 0: the cores available
  ModelOptions model = {};         // what overrules the model's file
  std::string engine = "auto";     // auto | libtorch | openvino (on the CPU only)
};

// What --model names: a file, a checkpoint folder, a run (its best/, else its newest checkpoint), or a folder of
// face.evoLVe or one of its followers (checkpoints_best/ before checkpoints/, the newest Backbone_*.pth). "": the
// newest run below `runs`. Returns the backbone's file. Throws a usage Error when nothing is there.
fs::path find_model(const fs::path& model, const fs::path& runs = "runs");

// The same within one folder; "" when it holds none.
fs::path model_in(const fs::path& folder);

// ONNX files as recognise_onnx() understands them, others as load_backbone() does. Engine auto is LibTorch on CUDA and
// OpenVINO on the CPU. Precision auto is fp32 for the first images; then bf16, where that is native to the device and
// gives the same embeddings (src/infer/auto_precision.h says what is compared). Throws a usage Error for a combination
// that cannot be, such as fp16 on the CPU.
std::unique_ptr<Engine> open_engine(const fs::path& model_file, const EngineOptions& options);

// An ONNX file on OpenVINO, preprocessed as `spec` says; a graph that takes 8-bit pixels gets them without mean and
// std. spec.embedding_size 0: the graph's. Graphs made for one size of batch are opened for any where they allow it,
// and else fed in batches of theirs. Throws a usage Error for another device than auto or cpu, and an Error for a file
// that is no ONNX model, does not fit `spec` or does not give one embedding an image.
std::unique_ptr<Engine> open_onnx_engine(const fs::path& onnx_file, const ModelSpec& spec,
                                         const EngineOptions& options);

// LibTorch over a live backbone, e.g. one in training: it is put into evaluation mode for each call and back
// afterwards. Precision auto is that of training: bf16 where the device computes it natively.
std::unique_ptr<Engine> engine_of(std::shared_ptr<Backbone> backbone, const EngineOptions& options);

// Baselines that tell whether a benchmark is trivial: a network of this architecture with random weights (seed 1) and
// the default preprocessing of values, and mean-subtracted grey pixels.
std::unique_ptr<Engine> untrained_engine(const ModelSpec& spec, const EngineOptions& options);
std::unique_ptr<Engine> pixel_engine(const Preprocess& preprocess);

// The build of OpenVINO that runs here. Throws Error when its CPU plugin cannot be opened.
std::string openvino_version();

}  // namespace facerec
