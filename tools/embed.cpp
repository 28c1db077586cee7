#include "tools/front.h"

namespace facerec {
namespace {

void add_photograph_options(CLI::App& app, EmbedVerb& verb) {
  SelectionOptions& selection = verb.alignment.selection;
  app.add_option("--align", verb.align,
                 "detector (auto, retinaface, mtcnn, yunet, … see align --help) for photographs that are no crops yet");
  app.add_option("--weights", verb.weights, "of the detector: a file; of MTCNN a folder");
  app.add_option("--min-size", selection.min_size, "of a face: the longer side of its box in pixels")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--min-score", selection.min_score, "of a face; 0: the detector's own threshold")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--fallback", verb.fallback, "center: embed the centre of photographs without a face")
      ->check(CLI::IsMember({"center"}));
}

void add_work_options(CLI::App& app, EmbedVerb& verb) {
  EmbedFileOptions& options = verb.options;
  app.add_option("--batch-size", options.batch_size, "images in one forward pass")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option(
         "--shard", verb.shard,
         "I/N: the I-th of N parts, each into a file of its own; in order they are all. Parts are of whole batches, "
         "and --precision auto means fp32")
      ->capture_default_str();
  CLI::Option* append =
      app.add_flag("--append", options.append, "add the images whose names are not there to a file that is");
  app.add_flag("--strict", options.strict, "stop at the first image that gives no row");
  CLI::Option* resume = app.add_flag("--resume", options.resume, "go on with what an interrupted call has begun");
  app.add_flag("--force", options.force, "replace what is there")->excludes(append)->excludes(resume);
}

}  // namespace

RunVerb set_up_embed(CLI::App& app) {
  auto verb = std::make_shared<EmbedVerb>();
  verb->engine.precision = "auto";  // of archives the speed counts, and the check that comes with it
  app.add_option("in", verb->paths,
                 "images, folders, data sets, quoted globs (\"**\" for folders at any depth), text files with a path a "
                 "line, - for paths on standard input, a line or a NUL byte apart")
      ->required();
  app.add_option("--model", verb->model,
                 "run, checkpoint, .safetensors, .pth, .pt, .ckpt or .onnx file; default: the newest run below runs/");
  add_model_options(app, verb->engine.model);
  app.add_option("--out", verb->out, "file to write: .npy, .safetensors, .csv or .jsonl")->required();
  app.add_option("--flip", verb->flip, "how an image and its mirror image become one embedding")
      ->check(CLI::IsMember({"no_flip", "flip_sum", "flip_concat"}))
      ->capture_default_str();
  app.add_flag("--raw", verb->options.raw, "embeddings as the model gives them, not of length 1");
  add_photograph_options(app, *verb);
  add_data_set_options(app, verb->input);
  add_engine_options(app, verb->engine);
  add_work_options(app, *verb);
  app.footer(
      "OUT.names.txt beside .npy and .safetensors holds the name of each row, OUT.norms.npy beside .npy its norm, a\n"
      "measure of quality; OUT.json says which model and options made the file. Images that cannot be read are listed "
      "in\n"
      "OUT.skipped.jsonl, and the exit code is then 3. A call that is killed goes on with --resume, to the same "
      "bytes.\n"
      "Examples:\n"
      "  facerec embed --model my.onnx faces --out faces.npy\n"
      "  find photos -name '*.jpg' -print0 | facerec embed --model my.onnx --align auto - --out photos.npy --resume\n"
      "  facerec embed --model my.onnx 'crops/**/*.png' train.rec --out all-2.npy --shard 2/8");
  return [verb](const CommonOptions& common) { return library().embed(*verb, common); };
}

}  // namespace facerec
