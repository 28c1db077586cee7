#include "tools/front.h"

namespace facerec {

RunVerb set_up_pack(CLI::App& app) {
  auto verb = std::make_shared<PackVerb>();
  app.add_option("in", verb->input.path, "a data set in any form that is read")->required();
  app.add_option("out", verb->out, "file or folder to write")->required();
  app.add_option("--to", verb->options.format, "folder | list | recordio | tfrecord | bin | bcolz")
      ->required()
      ->check(CLI::IsMember({"folder", "list", "recordio", "tfrecord", "bin", "bcolz"}));
  add_data_set_options(app, verb->input);
  app.add_option("--exclude", verb->options.exclude, "file with one image (identity/file.jpg) or one identity a line");
  app.add_option("--pairs", verb->pairs, "list of pairs, or how many to draw: ten folds, no identity in two of them");
  app.add_option("--seed", verb->options.seed, "of the pairs")->capture_default_str();
  app.add_option("--threads", verb->options.threads, "that read; 0: the cores available")->check(CLI::Range(0, 1024));
  app.add_flag("--strict", verb->options.strict, "stop at the first image that cannot be read");
  app.add_flag("--resume", verb->options.resume, "go on with what an interrupted call has begun");
  app.add_flag("--force", verb->options.force, "replace what is there");
  app.footer(
      "Encoded images keep their bytes. Training sets go to folder, list, recordio (InsightFace's train.rec, .idx, "
      ".lst\n"
      "and property) and tfrecord (arcface-tf2's); evaluation sets to bin (InsightFace's), bcolz (face.evoLVe's) and\n"
      "folder. With --pairs N a training set becomes an evaluation set.\n"
      "Examples:\n"
      "  facerec pack faces/train ms1m --to recordio\n"
      "  facerec pack faces_emore/train.rec ms1m.tfrecord --to tfrecord\n"
      "  facerec pack korean korean.bin --to bin --label kface --pairs 6000");
  return [verb](const CommonOptions& common) { return library().pack(*verb, common); };
}

}  // namespace facerec
