#include "tools/front.h"

namespace facerec {

RunVerb set_up_calibrate(CLI::App& app) {
  auto verb = std::make_shared<CalibrateVerb>();
  app.add_option("--data", verb->data.path,
                 "a data set with identities, of people who are not those to be recognised, or an evaluation set")
      ->required();
  app.add_option("--pairs", verb->pairs, "only the comparisons in this list; default: all");
  app.add_option("--model", verb->model,
                 "run, checkpoint, .safetensors, .pth, .pt, .ckpt or .onnx file; default: the newest run below runs/");
  add_model_options(app, verb->engine.model);
  app.add_option("--flip", verb->flip, "how an image and its mirror image become one embedding")
      ->check(CLI::IsMember({"no_flip", "flip_sum", "flip_concat"}))
      ->capture_default_str();
  add_face_options(app, verb->faces, {"largest", "center", "best"});
  add_engine_options(app, verb->engine);
  add_data_set_options(app, verb->data);
  app.add_option("--fmr", verb->fmr, "wanted rates of false matches, the first of them what verify decides by")
      ->delimiter(',')
      ->check(error_rate())
      ->capture_default_str();
  app.add_option("--fpir", verb->fpir, "wanted rates of searches with a stranger that return anybody")
      ->delimiter(',')
      ->check(error_rate());
  app.add_option("--gallery-size", verb->gallery_size, "people in the gallery that --fpir is for; default: all sizes")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
  app.add_option("--out", verb->out,
                 "write the calibration into this .json file, and images that are left out into OUT.skipped.jsonl");
  app.add_flag("--write-to-model", verb->write_to_model,
               "write it into the model's .safetensors, where verify and identify find it");
  app.add_flag("--force", verb->force, "replace --out and the list beside it, or the calibration that the model has");
  app.footer(
      "Every pair of images of different people is compared, so that 800 images tell of FMR 1e-4. Any rate can be "
      "asked "
      "of\n"
      "the calibration afterwards (verify --fmr, identify --fpir).\n"
      "Example:\n"
      "  facerec calibrate --model model.safetensors --data lfw_aligned --fmr 1e-3,1e-4 --fpir 0.01 --out "
      "model.calibration.json");
  return [verb](const CommonOptions& common) { return library().calibrate(*verb, common); };
}

}  // namespace facerec
