#include "tools/front.h"

namespace facerec {

void add_model_options(CLI::App& app, ModelOptions& options) {
  app.add_option("--arch", options.architecture, "the file's architecture, where its keys fit several");
  app.add_option("--publisher", options.publisher,
                 "whose file it is (facevolve, insightface_pytorch, adaface, …), where several write the same keys");
  app.add_option(
      "--preprocess", options.preprocess,
      "rgb | bgr | unit | rgb128 | bgr128 | imagenet, or ORDER:MEAN:STD such as bgr:0.5:0.5, in place of what "
      "the file or its publisher says");
}

}  // namespace facerec
