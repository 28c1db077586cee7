#include "tools/front.h"

namespace facerec {

RunVerb set_up_export(CLI::App& app) {
  auto verb = std::make_shared<ExportVerb>();
  app.add_option("model", verb->model, "a run, a checkpoint or a model's file of any kind that facerec reads")
      ->required();
  app.add_option("out", verb->out, "the file to write; its ending decides: .safetensors, .pth or .onnx")->required();
  add_model_options(app, verb->options);
  app.add_flag("--fold-batch-norm", verb->fold_batch_norm, ".onnx: merge BatchNorm into the layer before it");
  app.add_option("--opset", verb->opset, ".onnx: version of the operators")
      ->check(CLI::Range(13, 17))
      ->capture_default_str();
  app.add_flag("--force", verb->force, "replace an existing file");
  app.footer(
      "Writes the backbone alone: the head and the optimizer of a training are left out. A .pth has the keys of the "
      "code\n"
      "that published the network, for its load_state_dict(strict=True). An .onnx takes any batch size, input "
      "[N,3,H,W]\n"
      "as the network sees it; how to prepare images stands in its metadata.\n"
      "Example:\n  facerec export runs/my_2026-01-31-12-00-00 my.onnx");
  return [verb](const CommonOptions& common) { return library().export_model(*verb, common); };
}

}  // namespace facerec
