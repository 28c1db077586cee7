#include "tools/front.h"

namespace facerec {

RunVerb set_up_info(CLI::App& app) {
  auto verb = std::make_shared<InfoVerb>();
  app.add_option("path", verb->data.path, "a model's file, a checkpoint, a run, a data set, or a gallery")->required();
  add_model_options(app, verb->model_options);
  app.add_flag("--tensors", verb->tensors, "of a model: list every tensor with its type and shape");
  add_data_set_options(app, verb->data);
  app.add_flag("--verify", verb->verify, "of a data set: decode every image; exit with 3 when one is damaged");
  app.add_option("--against", verb->against, "evaluation set: is any of it in this training set?");
  app.add_option("--against-pairs", verb->against_pairs, "list of pairs of that set, when it is a folder of images");
  app.add_option("--model", verb->model, "for --against: what compares the images");
  app.add_option("--near-duplicate", verb->near_duplicate, "cosine from which two images count as one")
      ->check(CLI::Range(-1.0, 1.0))
      ->capture_default_str();
  app.add_option("--out", verb->out, "for --against: list of the images and identities found, for pack --exclude");
  app.add_option("--device", verb->device, "auto | cpu | cuda | cuda:N")->capture_default_str();
  app.add_option("--threads", verb->threads, "0: the cores available")->check(CLI::Range(0, 1024));
  app.footer(
      "Says what was recognised and why, and where it may be wrong. A file of an unknown network is compared with the\n"
      "nearest known ones. Nothing in the file is executed.\n"
      "Examples:\n"
      "  facerec info backbone_ir50_ms1m_epoch120.pth\n"
      "  facerec info faces_emore --verify\n"
      "  facerec info faces/train --against lfw.bin --model w600k_r50.onnx --out overlap.txt");
  return [verb](const CommonOptions& common) { return library().info(*verb, common); };
}

}  // namespace facerec
