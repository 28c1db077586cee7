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

void add_named(CLI::App& app, const std::string& option, std::vector<NamedPath>& paths, const std::string& help) {
  app.add_option_function<std::vector<std::string>>(
         option,
         [&paths](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) paths.push_back(parse_named(text));
         },
         help)
      ->allow_extra_args(false);
}

// A variable of a script that is not set would else mean that nothing is asked for.
CLI::Validator not_empty() {
  return {[](std::string& text) { return text.empty() ? std::string("the value is empty") : std::string(); }, ""};
}

void add_data_options(CLI::App& app, EvalVerb& verb) {
  constexpr const char* group = "Data";
  app.add_option(
         "--model", verb.models,
         "run, checkpoint, .safetensors, .pth, .pt, .ckpt or .onnx file; repeatable: others are compared with the "
         "first; default: the newest run below runs/")
      ->group(group);
  add_named(app, "--data", verb.data,
            "[NAME=]PATH of a .bin, a bcolz folder, an image folder with pairs, CFP, RFW, IJB's templates, TinyFace, "
            "folders gallery/ and probe/, or a folder of such sets; repeatable");
  app.get_option("--data")->required()->group(group);
  add_named(app, "--pairs", verb.pairs,
            "[NAME=]FILE, the pairs of that set; default: pairs.txt or pairs.csv in the folder");
  add_named(app, "--gallery", verb.gallery, "[NAME=]FILE, a list of images and identities to search in");
  add_named(app, "--probes", verb.probes, "[NAME=]FILE, a list of images and identities to search for");
  for (const char* option : {"--pairs", "--gallery", "--probes"}) app.get_option(option)->group(group);
  app.add_option("--protocol", verb.protocol,
                 "auto: what the data is laid out for | all_pairs: every image with every other (MFR)")
      ->check(CLI::IsMember({"auto", "all_pairs"}))
      ->capture_default_str()
      ->group(group);
  app.add_option_function<std::string>(
         "--positive", [&verb](const std::string& text) { verb.one_is_same = text == "same"; },
         "what label 1 of a list of pairs means")
      ->check(CLI::IsMember({"same", "different"}))
      ->default_str("same")
      ->group(group);
  app.add_option("--groups", verb.groups, "FILE of `image-or-identity group` lines: error rates of each group")
      ->check(not_empty())
      ->group(group);
  app.add_flag("--skip-missing", verb.skip_missing, "leave out pairs whose images are absent or broken")->group(group);
}

void add_image_options(CLI::App& app, EvalVerb& verb) {
  constexpr const char* group = "Images";
  app.add_option("--align", verb.align,
                 "detector (auto, retinaface, mtcnn, yunet, … see align --help) for photographs that are no crops yet")
      ->check(not_empty())
      ->group(group);
  app.add_option("--no-face", verb.no_face,
                 "a photograph in which --align finds no face: count: a failure, its pairs never match (ISO/IEC "
                 "19795-1) | center: its centre is taken")
      ->check(CLI::IsMember({"count", "center"}))
      ->capture_default_str()
      ->group(group);
  app.add_option("--resize-crop", verb.resize_crop, "resize to N×N and cut out the centre (face.evoLVe: 128)")
      ->check(CLI::Range(1, 4096))
      ->group(group);
  app.add_option("--flip", verb.flip, "how an image and its mirror image become one embedding")
      ->check(CLI::IsMember({"flip_sum", "no_flip", "flip_concat"}))
      ->capture_default_str()
      ->group(group);
}

void add_robustness_options(CLI::App& app, EvalVerb& verb) {
  constexpr const char* group = "Robustness";
  app.add_option("--low-res", verb.low_res,
                 "2,4,8: also with the images reduced by the factor and enlarged again (antialiased bicubic)")
      ->delimiter(',')
      ->check(CLI::Range(2, 64))
      ->group(group);
  app.add_option("--low-res-side", verb.low_res_side, "both images of a pair, or only its first")
      ->check(CLI::IsMember({"both", "first"}))
      ->capture_default_str()
      ->group(group);
  app.add_option(
         "--super-resolve", verb.super_resolve,
         "FILE of a network (RCAN or ESPCN in .pth or .safetensors, .onnx) that enlarges them instead; repeatable")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option("--corrupt", verb.corrupt,
                 "also with the images corrupted: blur,noise,jpeg,occlusion,dark or all, then :severities (1-5, 3, "
                 "1,3,5); default: 1-5")
      ->check(not_empty())
      ->group(group);
}

void add_statistics_options(CLI::App& app, EvalVerb& verb) {
  constexpr const char* group = "Figures";
  app.add_option("--score", verb.score, "cosine | euclidean: distance of embeddings that are not normalised")
      ->check(CLI::IsMember({"cosine", "euclidean"}))
      ->capture_default_str()
      ->group(group);
  app.add_option("--threshold", verb.threshold,
                 "kfold: from the other folds | median: of all scores, which are the test's own | a value: also the "
                 "figures at it")
      ->capture_default_str()
      ->group(group);
  app.add_option("--predictions", verb.predictions,
                 "write image1,image2,label: the decision on each pair, for lists without labels too")
      ->check(not_empty())
      ->group(group);
  app.add_option("--bootstrap", verb.bootstrap, "resamplings of people for intervals; 0: none")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str()
      ->group(group);
  app.add_option("--seed", verb.seed, "of the bootstrap, noise and occlusions")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 53))
      ->capture_default_str()
      ->group(group);
  app.add_flag("--baselines", verb.baselines, "also an untrained network and mean-subtracted grey pixels")
      ->group(group);
}

void add_answer_options(CLI::App& app, EvalVerb& verb) {
  constexpr const char* group = "Answer";
  app.add_option("--out", verb.out, "folder for report.html, evaluation.json, evaluation.txt and the figures")
      ->check(not_empty())
      ->group(group);
  app.add_option("--fail-under", verb.fail_under,
                 "\"lfw.accuracy=0.99,cfp_fp.eer=0.02\": exit with 4 when a figure falls short (errors: exceeds); a "
                 "number alone: the mean accuracy")
      ->check(not_empty())
      ->group(group);
  app.add_option("--baseline", verb.baseline, "an evaluation.json: exit with 4 when a figure is worse than there")
      ->check(not_empty())
      ->group(group);
  app.add_option("--tolerance", verb.tolerance, "by how much a figure may be worse than the baseline's")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str()
      ->group(group);
  app.add_flag("--force", verb.force, "replace an earlier report in --out")->group(group);
  app.add_flag_callback(
         "--no-cache", [&verb] { verb.cache = false; }, "compute embeddings that are known already, too")
      ->group(group);
}

}  // namespace

RunVerb set_up_eval(CLI::App& app) {
  auto verb = std::make_shared<EvalVerb>();
  add_data_options(app, *verb);
  add_image_options(app, *verb);
  add_statistics_options(app, *verb);
  add_robustness_options(app, *verb);
  add_answer_options(app, *verb);
  add_model_options(app, verb->engine.model);
  app.add_option("--batch-size", verb->batch_size, "images in one forward pass")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  add_engine_options(app, verb->engine);
  app.footer(
      "Pairs are LFW's form (first line `folds n`, then `name i j` and `name1 i name2 j`), `pathA pathB 0|1` a line, "
      "or\n"
      ".csv with columns image1,image2,label. A list of one fold, or without folds, is cut into ten, same and "
      "different\n"
      "pairs interleaved.\n"
      "Example:\n  facerec eval --model before.pth --model runs/my_2026-01-31-12-00-00 --data lfw=lfw_aligned --pairs "
      "lfw=pairs.txt --out report");
  return [verb](const CommonOptions& common) { return library().eval(*verb, common); };
}

}  // namespace facerec
