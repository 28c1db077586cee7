#include "facerec/core/error.h"
#include "tools/front.h"

namespace facerec {
namespace {

// "NAME=PATH" or "PATH". A path with an equals sign in a folder's name keeps it: names hold no slash.
NamedPath parse_named(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || text.find('/') < equals) return {"", text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

struct Arguments {
  std::vector<std::string> data, pairs;
  EvalVerb verb;
};

}  // namespace

RunVerb set_up_eval(CLI::App& app) {
  auto args = std::make_shared<Arguments>();
  EvalVerb& verb = args->verb;
  app.add_option(
      "--model", verb.models,
      "run, checkpoint, .safetensors, .pth, .pt, .ckpt or .onnx file; repeatable; default: the newest run below "
      "runs/");
  add_model_options(app, verb.engine.model);
  app.add_option(
         "--data", args->data,
         "[NAME=]PATH of a .bin, a bcolz folder, an image folder with pairs, CFP, or a folder of such sets; repeatable")
      ->required();
  app.add_option("--pairs", args->pairs, "[NAME=]FILE, the pairs of that set; default: pairs.txt in the folder");
  app.add_option("--flip", verb.flip, "how an image and its mirror image become one embedding")
      ->check(CLI::IsMember({"flip_sum", "no_flip", "flip_concat"}))
      ->capture_default_str();
  app.add_option("--align", verb.align,
                 "detector (auto, retinaface, mtcnn, yunet, … see align --help) for photographs that are no crops yet");
  app.add_option("--out", verb.out, "folder for evaluation.json, evaluation.txt, roc.svg and roc.png");
  app.add_option("--fail-under", verb.fail_under, "exit with 4 when the mean accuracy is lower")
      ->check(CLI::Range(0.0, 1.0));
  app.add_flag("--baselines", verb.baselines, "also an untrained network and mean-subtracted grey pixels");
  app.add_flag("--skip-missing", verb.skip_missing, "leave out pairs whose images are absent");
  app.add_flag("--force", verb.force, "replace an earlier report in --out");
  app.add_option("--batch-size", verb.batch_size, "images in one forward pass")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  add_engine_options(app, verb.engine);
  app.footer(
      "Pairs are LFW's form (first line `folds n`, then `name i j` and `name1 i name2 j`) or `pathA pathB 0|1` a "
      "line.\n"
      "A list of one fold, or without folds, is cut into ten, same and different pairs interleaved.\n"
      "Example:\n  facerec eval --model runs/my_2026-01-31-12-00-00 --data lfw=lfw_aligned --pairs lfw=pairs.txt --out "
      "report");
  return [args](const CommonOptions& common) {
    for (const std::string& text : args->data) args->verb.data.push_back(parse_named(text));
    for (const std::string& text : args->pairs) args->verb.pairs.push_back(parse_named(text));
    return library().eval(args->verb, common);
  };
}

}  // namespace facerec
