#include "tools/front.h"

namespace facerec {

RunVerb set_up_identify(CLI::App& app) {
  auto verb = std::make_shared<IdentifyVerb>();
  app.add_option("in", verb->in,
                 "photographs or aligned crops: images, folders, lists, quoted globs, data sets, - for paths on "
                 "standard input")
      ->required();
  app.add_option("--gallery", verb->gallery, "the gallery that `facerec enroll` made")->required();
  app.add_option("--model", verb->model, "the gallery's model; default: where it was when the gallery was made");
  add_model_options(app, verb->engine.model);
  CLI::Option* threshold =
      app.add_option("--threshold", verb->threshold, "cosine from which on the nearest person is who it is")
          ->check(CLI::Range(-1.0, 1.0));
  app.add_option("--calibration", verb->calibration,
                 "what `facerec calibrate --out` wrote; default: that in the model's file")
      ->excludes(threshold);
  app.add_option("--fpir", verb->fpir,
                 "wanted rate of strangers who get a name; default: that of the calibration, 0.01")
      ->check(error_rate())
      ->excludes(threshold);
  app.add_option("--top", verb->top, "how many candidates are shown of each face")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add_face_options(app, verb->faces, {"all", "largest", "center", "best"});
  app.add_option("--index", verb->index, "exact | ivf: an inverted file (faiss) for galleries of many millions")
      ->check(CLI::IsMember({"exact", "ivf"}))
      ->capture_default_str();
  app.add_option("--annotate", verb->annotate,
                 "PNG or JPEG of the picture with boxes and names; of several pictures a folder of such PNGs");
  app.add_flag("--force", verb->force, "replace an earlier --annotate");
  add_engine_options(app, verb->engine);
  app.footer(
      "Faces of people who are not in the gallery are \"unknown\": the threshold comes from a calibration (facerec\n"
      "calibrate) for the wanted rate of false names and for the number of people in the gallery.\n"
      "The exit code is 3 when a picture could not be read.\n"
      "Example:\n  facerec identify --gallery staff.gallery party.jpg --calibration model.calibration.json --annotate "
      "party_named.png");
  return [verb](const CommonOptions& common) { return library().identify(*verb, common); };
}

}  // namespace facerec
