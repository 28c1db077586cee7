#include "tools/front.h"

namespace facerec {

void add_face_options(CLI::App& app, FaceOptions& options) {
  app.add_option("--model", options.model,
                 "run, checkpoint, .safetensors, .pth, .pt, .ckpt or .onnx file; default: the newest run below runs/");
  add_model_options(app, options.engine.model);
  app.add_option("--flip", options.flip, "how an image and its mirror image become one embedding")
      ->check(CLI::IsMember({"no_flip", "flip_sum", "flip_concat"}))
      ->capture_default_str();
  app.add_option("--align", options.align,
                 "auto: pictures of exactly the size that the model takes are crops, others photographs; none: all are "
                 "crops; or the detector that finds the faces in every picture")
      ->capture_default_str();
  app.add_option("--faces", options.faces, "which of several faces in a picture: largest | center | best")
      ->check(CLI::IsMember({"largest", "center", "best"}))
      ->capture_default_str();
  add_engine_options(app, options.engine);
}

}  // namespace facerec
