#include "tools/front.h"

namespace facerec {

RunVerb set_up_export(CLI::App& app) {
  auto verb = std::make_shared<ExportVerb>();
  app.add_option("model", verb->model, "a run, a checkpoint or a model's file of any kind that facerec reads")
      ->required();
  app.add_option(
         "out", verb->out,
         "the file to write; its ending decides: .safetensors, .pth or .onnx; with --layout face.evolve a folder")
      ->required();
  app.add_option("--layout", verb->layout,
                 "file | face.evolve: Backbone_, Head_ and Optimizer_….pth, from which face.evoLVe and its followers "
                 "go on")
      ->check(CLI::IsMember({"file", "face.evolve"}))
      ->capture_default_str();
  add_model_options(app, verb->options);
  app.add_flag("--fold-batch-norm", verb->fold_batch_norm, ".onnx: merge BatchNorm into the layer before it");
  app.add_option("--opset", verb->opset, ".onnx: version of the operators")
      ->check(CLI::Range(13, 17))
      ->capture_default_str();
  app.add_flag("--force", verb->force, "replace an existing file");
  app.footer(
      "Writes the backbone alone, but for --layout face.evolve: the head and the optimizer of a training are left "
      "out.\n"
      "A .pth has the keys of the code that published the network, for its load_state_dict(strict=True). An .onnx\n"
      "takes any batch size, input [N,3,H,W] as the network sees it; how to prepare images stands in its metadata.\n"
      "Examples:\n  facerec export runs/my_2026-01-31-12-00-00 my.onnx\n"
      "  facerec export runs/my_2026-01-31-12-00-00 checkpoints_best/my --layout face.evolve");
  return [verb](const CommonOptions& common) { return library().export_model(*verb, common); };
}

}  // namespace facerec
