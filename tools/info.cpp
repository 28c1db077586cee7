#include "tools/front.h"

namespace facerec {

RunVerb set_up_info(CLI::App& app) {
  auto verb = std::make_shared<InfoVerb>();
  app.add_option("path", verb->path, "a model's file, a checkpoint, a run, or a folder of images")->required();
  add_model_options(app, verb->model);
  app.add_flag("--tensors", verb->tensors, "list every tensor: name, type, shape");
  app.footer(
      "Says what was recognised and why, and where it may be wrong. A file of an unknown network is compared with the\n"
      "nearest known ones. Nothing in the file is executed.\n"
      "Example:\n  facerec info backbone_ir50_ms1m_epoch120.pth");
  return [verb](const CommonOptions& common) { return library().info(*verb, common); };
}

}  // namespace facerec
