#include "tools/front.h"

namespace facerec {
namespace {

void add_actions(CLI::App& app, EnrollVerb& verb, CLI::Option* name) {
  CLI::Option* list = app.add_flag("--list", verb.list, "who there is; with --name the images of that person");
  CLI::Option* remove = app.add_option("--remove", verb.remove, "NAME…: people with all their images");
  CLI::Option* remove_image = app.add_option("--remove-image", verb.remove_images,
                                             "N…: single images, by the numbers that --list --name shows");
  CLI::Option* rename = app.add_option("--rename", verb.rename, "OLD NEW: a person")->expected(2);
  CLI::Option* all =
      app.add_option("--export", verb.export_to, "FILE.csv or FILE.json: all images with their embeddings");
  for (CLI::Option* changed : {remove, remove_image, rename, all}) changed->excludes(name);
  const std::vector<CLI::Option*> actions{list, remove, remove_image, rename, all};
  for (size_t i = 0; i < actions.size(); ++i) {
    actions[i]->group("Instead of enrolling, one of these; none needs a model");
    for (size_t j = i + 1; j < actions.size(); ++j) actions[i]->excludes(actions[j]);
  }
  app.add_flag("--merge", verb.merge, "for --rename: where there is a NEW already, the two become one person")
      ->needs(rename);
  app.add_flag("--force", verb.force, "for --export: replace an existing file")->needs(all);
}

}  // namespace

RunVerb set_up_enroll(CLI::App& app) {
  auto verb = std::make_shared<EnrollVerb>();
  app.add_option("input", verb->inputs,
                 "folders with a folder of pictures for each person, or any data set that has names; with --name "
                 "pictures of that person");
  app.add_option("--gallery", verb->gallery, "the gallery's file; it is made where there is none")->required();
  app.add_option(
      "--model", verb->model,
      "a model's file or a run; of a gallery that is there: the model it was made with, which is found again "
      "where it was");
  CLI::Option* name = app.add_option("--name", verb->name, "whose pictures these are");
  add_actions(app, *verb, name);
  app.add_option("--flip", verb->flip, "of a new gallery: no_flip | flip_sum | flip_concat; default: no_flip");
  add_face_options(app, verb->faces, {"one", "largest"});
  add_data_set_options(app, verb->set);
  add_engine_options(app, verb->engine);
  add_model_options(app, verb->engine.model);
  app.footer(
      "A picture is enrolled once, however often it is given: the same call goes on where it was stopped. Pictures\n"
      "without a face, with several, or enrolled for somebody else are left out and told; the exit code is then 3.\n"
      "Examples:\n"
      "  facerec enroll --gallery staff.gallery --model my.safetensors photos/staff\n"
      "  facerec enroll --gallery staff.gallery --name 'Jo Do' jo1.jpg jo2.jpg\n"
      "  facerec enroll --gallery staff.gallery --list\n"
      "  facerec enroll --gallery staff.gallery --remove 'Jo Do'");
  return [verb](const CommonOptions& common) { return library().enroll(*verb, common); };
}

}  // namespace facerec
