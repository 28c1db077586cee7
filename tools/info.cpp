#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "tools/front.h"

namespace facerec {
namespace {

struct Arguments {
  InfoVerb verb;
  std::vector<std::string> data, set;  // of a configuration
};

bool is_config(const std::string& path) {
  const std::string extension = lower(fs::path(path).extension().string());
  return extension == ".yaml" || extension == ".yml";
}

// The tree of a configuration, for the places of errors.
Node resolve(Arguments& args) {
  InfoVerb& verb = args.verb;
  if (is_config(verb.data.path)) {
    TrainConfiguration read = read_train_config(verb.data.path, args.set, args.data);
    verb.config = std::move(read.config);
    return std::move(read.root);
  }
  if (!args.data.empty() || !args.set.empty() || !verb.preview.empty()) {
    throw Error::usage("--data, --set and --preview are for a configuration, CONFIG.yaml").file(verb.data.path);
  }
  return {};
}

}  // namespace

RunVerb set_up_info(CLI::App& app) {
  auto args = std::make_shared<Arguments>();
  InfoVerb* verb = &args->verb;
  app.add_option("path", verb->data.path,
                 "a model's file, a checkpoint, a run, a data set, a gallery, or a configuration of train")
      ->required();
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
  app.add_option("--data", args->data, "of a configuration: train on this, as with train; repeatable");
  app.add_option("--set", args->set, "of a configuration: set a value, as with train; repeatable")
      ->allow_extra_args(false);
  app.add_option("--preview", verb->preview,
                 "of a configuration: PNG to write, of what the network sees of 8 images in 11 epochs");
  app.footer(
      "Says what was recognised and why, and where it may be wrong. A file of an unknown network is compared with the\n"
      "nearest known ones. Nothing in the file is executed.\n"
      "Examples:\n"
      "  facerec info backbone_ir50_ms1m_epoch120.pth\n"
      "  facerec info faces_emore --verify\n"
      "  facerec info faces/train --against lfw.bin --model w600k_r50.onnx --out overlap.txt\n"
      "  facerec info configs/quickstart.yaml --data faces/train --preview sheet.png");
  return [args](const CommonOptions& common) {
    const Node root = resolve(*args);
    try {
      return library().info(args->verb, common);
    } catch (const Error& error) {
      throw located(error, root);
    }
  };
}

}  // namespace facerec
