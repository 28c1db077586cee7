#include "tools/front.h"

namespace facerec {
namespace {

void add_actions(CLI::App& app, EnrollVerb& verb, CLI::Option* name) {
  CLI::Option_group* actions = app.add_option_group("Instead of enrolling", "what needs no model");
  actions->add_flag("--list", verb.list, "who there is; with --name the images of that person");
  actions->add_option("--remove", verb.remove, "NAME…: people with all their images")->excludes(name);
  actions
      ->add_option("--remove-image", verb.remove_images, "N…: single images, by the numbers that --list --name shows")
      ->excludes(name);
  CLI::Option* rename = actions->add_option("--rename", verb.rename, "OLD NEW: a person");
  rename->expected(2)->excludes(name);
  CLI::Option* all =
      actions->add_option("--export", verb.export_to, "FILE.csv or FILE.json: all images with their embeddings");
  all->excludes(name);
  actions->require_option(0, 1);
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
