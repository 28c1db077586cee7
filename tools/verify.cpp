#include "tools/front.h"

namespace facerec {
namespace {

void check(const VerifyVerb& verb) {
  if (verb.pairs.empty() && (verb.a.empty() || verb.b.empty())) {
    throw CLI::ValidationError("two pictures are compared, or --pairs FILE names many");
  }
  if (!verb.pairs.empty() && !verb.a.empty()) throw CLI::ValidationError("--pairs takes the place of A and B");
  if (verb.pairs.empty() && !verb.out.empty()) throw CLI::ValidationError("--out is for --pairs");
  if (verb.pairs.empty() && !verb.root.empty()) throw CLI::ValidationError("--root is for --pairs");
}

}  // namespace

RunVerb set_up_verify(CLI::App& app) {
  auto verb = std::make_shared<VerifyVerb>();
  app.add_option("A", verb->a, "a picture: a photograph, or a crop of exactly the size that the model takes");
  app.add_option("B", verb->b, "another");
  app.add_option(
      "--pairs", verb->pairs,
      "in place of A and B a list: `pathA<TAB>pathB` a line, with or without 0|1 behind; a table (.csv, .tsv) "
      "with a first row image1, image2 and perhaps label; or LFW's form");
  app.add_option("--root", verb->root, "what the paths in the list are below");
  app.add_option("--out", verb->out, "of --pairs: a .csv or .jsonl file; default: CSV on standard output");
  app.add_option("--model", verb->model,
                 "run, checkpoint, .safetensors, .pth, .pt, .ckpt or .onnx file; default: the newest run below runs/");
  add_model_options(app, verb->engine.model);
  app.add_option("--flip", verb->flip, "how an image and its mirror image become one embedding")
      ->check(CLI::IsMember({"no_flip", "flip_sum", "flip_concat"}))
      ->capture_default_str();
  add_face_options(app, verb->faces, {"largest", "center", "best"});
  add_engine_options(app, verb->engine);
  auto* calibration = app.add_option("--calibration", verb->calibration,
                                     "what facerec calibrate --out wrote; default: that in the model's file");
  auto* fmr = app.add_option("--fmr", verb->fmr, "the rate of false matches to decide by; default: the calibration's")
                  ->check(error_rate());
  app.add_option("--threshold", verb->threshold, "cosine to decide by, in place of a calibration")
      ->check(CLI::Range(-1.0, 1.0))
      ->excludes(calibration)
      ->excludes(fmr);
  app.add_flag("--exit-code", verb->exit_code,
               "exit with 4 when they, or any of the pairs, are different people, whether or not other pairs fail (3)");
  app.add_flag("--force", verb->force, "replace --out");
  app.footer(
      "Without a calibration or --threshold the similarity is given and nothing decided. Of several faces the largest "
      "is\n"
      "taken (--faces).\n"
      "Examples:\n"
      "  facerec verify a.jpg b.jpg --model model.safetensors --calibration model.calibration.json\n"
      "  facerec verify --pairs pairs.tsv --model model.safetensors --fmr 1e-4 --out decisions.csv");
  return [verb](const CommonOptions& common) {
    check(*verb);
    return library().verify(*verb, common);
  };
}

}  // namespace facerec
