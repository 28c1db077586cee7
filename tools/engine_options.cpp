#include "tools/front.h"

namespace facerec {

void add_engine_options(CLI::App& app, EngineOptions& options) {
  app.add_option("--engine", options.engine, "what computes: auto (the faster one) | libtorch | openvino")
      ->check(CLI::IsMember({"auto", "libtorch", "openvino"}))
      ->capture_default_str();
  app.add_option("--precision", options.precision,
                 "fp32 | bf16 | fp16 (with CUDA) | auto: bf16 where it is native and gives the same embeddings")
      ->check(CLI::IsMember({"auto", "fp32", "bf16", "fp16"}))
      ->capture_default_str();
  app.add_option("--device", options.device, "auto | cpu | cuda | cuda:N")->capture_default_str();
  app.add_option("--threads", options.threads, "0: the cores available")->check(CLI::Range(0, 1024));
}

}  // namespace facerec
