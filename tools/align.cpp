#include "tools/front.h"

namespace facerec {

namespace {

void add_detection_options(CLI::App& app, AlignVerb& verb) {
  CLI::Option* detector = app.add_option(
      "--detector", verb.detector,
      "auto: the best whose weights are at hand (facerec models list) | retinaface | retinaface_resnet50 | "
      "mtcnn | mtcnn_evolve | yunet | yunet_n | haar | each: all of them at hand, into OUT/NAME");
  detector->capture_default_str();
  CLI::Option* weights = app.add_option("--weights", verb.weights, "of the detector: a file; of MTCNN a folder");
  app.add_option("--landmarks", verb.options.landmarks,
                 "of the data set, in place of a detector: a list, CSV, CelebA's, RetinaFace's labels, dlib's XML, "
                 "align.json, a folder, or `beside` for K-Face's .txt files")
      ->excludes(detector)
      ->excludes(weights);
  app.add_option("--device", verb.device, "of the detector: auto | cpu | cuda | cuda:N")->capture_default_str();
}

void add_choice_options(CLI::App& app, AlignVerb& verb) {
  SelectionOptions& selection = verb.options.selection;
  app.add_option("--faces", verb.faces,
                 "largest: by area, less twice the squared distance from the centre | center | best: by score | all")
      ->check(CLI::IsMember({"largest", "center", "best", "all"}))
      ->capture_default_str();
  app.add_option("--min-size", selection.min_size, "of a face: the longer side of its box in pixels")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--min-score", selection.min_score, "of a face; 0: the detector's own threshold")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--max-yaw", selection.max_yaw, "degrees to either side, told from the landmarks; 0: any")
      ->check(CLI::Range(0.0, 90.0));
  app.add_option("--fallback", verb.fallback, "center: cut images without a face out of their centre, and mark them")
      ->check(CLI::IsMember({"center"}));
}

void add_crop_options(CLI::App& app, AlignVerb& verb) {
  app.add_option("--size", verb.size, "of the crops: 112x112 | 96x112 | N for NxN")->capture_default_str();
  app.add_option("--padding", verb.options.crop.padding, "around the face, as a fraction of the crop")
      ->check(CLI::Range(0.0, 2.0));
  app.add_option("--jpeg", verb.options.jpeg_quality, "crops as JPEG of that quality; default: PNG")
      ->check(CLI::Range(1, 100));
}

void add_work_options(CLI::App& app, AlignVerb& verb) {
  AlignOptions& options = verb.options;
  app.add_option("--threads", options.threads, "images worked on at a time; 0: the cores available")
      ->check(CLI::Range(0, 1024));
  app.add_option("--shard", verb.shard, "I/N: the I-th of N equal parts, for N processes or machines with one OUT")
      ->capture_default_str();
  app.add_option("--preview", verb.preview, "PNG with a sample of the images, what was found in them, and the crops");
  app.add_option("--preview-images", options.preview_images, "of the sample")
      ->check(CLI::Range(1, 400))
      ->capture_default_str();
  app.add_flag("--skip-missing", options.skip_missing, "leave out pairs of images that gave no crop");
  CLI::Option* strict = app.add_flag("--strict", options.strict, "stop at the first image that gives no crop");
  app.add_flag("--keep-going")->description("leave such images out and list them: the default")->excludes(strict);
  app.add_flag("--resume", options.resume, "go on with what an interrupted call has begun");
  app.add_flag("--force", options.force,
               "replace what an earlier call wrote: of a folder its images, lists and summaries");
}

}  // namespace

RunVerb set_up_align(CLI::App& app) {
  auto verb = std::make_shared<AlignVerb>();
  app.add_option("in", verb->input.path, "a folder of images at any depth, an image, or any data set that is read")
      ->required();
  app.add_option("out", verb->out, "file or folder to write")->required();
  app.add_option("--to", verb->options.format, "folder | list | recordio | tfrecord | bin | bcolz")
      ->check(CLI::IsMember({"folder", "list", "recordio", "tfrecord", "bin", "bcolz"}))
      ->capture_default_str();
  add_detection_options(app, *verb);
  add_choice_options(app, *verb);
  add_crop_options(app, *verb);
  add_data_set_options(app, verb->input);
  app.add_option("--pairs", verb->pairs, "list of pairs of an image folder; default: its pairs.txt or pairs.csv");
  add_work_options(app, *verb);
  app.footer(
      "Folders keep their structure; --faces all numbers the crops: a/1_0.png, a/1_1.png. OUT/align.json "
      "(OUT.align.json\n"
      "of packed sets) tells of every image what was found, what was chosen and why, and lists those without a crop;\n"
      "the exit code is then 3. Evaluation sets stay what they are, and need a crop of every image that a pair names.\n"
      "With --min-size 80, 160, 320 photographs are looked at in 1/2, 1/4, 1/8 of their size, which is faster.\n"
      "Examples:\n"
      "  facerec align photos faces --preview sheet.png\n"
      "  facerec align lfw lfw_112 --detector mtcnn --fallback center --jpeg 95\n"
      "  facerec align celeba/img_celeba celeba.tfrecord --to tfrecord --landmarks list_landmarks_celeba.txt");
  return [verb](const CommonOptions& common) { return library().align(*verb, common); };
}

}  // namespace facerec
