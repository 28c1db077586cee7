// What the thin front hands to the library that does the work: one struct of options and one function a verb. Nothing
// here needs LibTorch, OpenCV or a BLAS, so that `facerec --help` answers at once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "facerec/core/exit_codes.h"
#include "facerec/data/pack.h"
#include "facerec/data/synth.h"
#include "facerec/face/published_weights.h"
#include "facerec/infer/engine.h"
#include "facerec/model/recognise.h"
#include "facerec/recognize/align.h"
#include "facerec/recognize/embedding_file.h"
#include "facerec/train/config.h"

namespace facerec {

struct CommonOptions {
  bool json = false;   // one JSON document on standard output and nothing else there
  bool quiet = false;  // warnings only
  bool verbose = false;
};

struct SynthVerb {
  SynthConfig config;
  std::string out;
  int threads = 0;
  bool force = false;
};

// A data set on the command line, and how it is to be read.
struct DataSetOptions {
  std::string path, root;
  LabelConfig label;
  std::map<std::string, std::string> where;
  ColumnsConfig columns;
};

// --root is for what stands in lists and records: the path on the command line is the working directory's.
inline TrainingSetConfig training_set_of(const DataSetOptions& options) {
  const std::string path = options.root.empty() ? options.path : fs::absolute(options.path).string();
  return {path, 1.0, options.label, options.where, options.columns};
}

struct PackVerb {
  DataSetOptions input;
  std::string out;
  std::string pairs;  // a list, or how many to draw
  PackOptions options;
};

struct AlignVerb {
  DataSetOptions input;
  std::string out, pairs;
  std::string detector = "auto";  // or "each": every one whose weights are at hand
  std::string weights, device = "auto";
  std::string size = "112x112", faces = "largest", fallback, shard = "1/1", preview;
  AlignOptions options;
};

// What another program's configuration says of its data. The data decide; a difference is told.
struct ExpectedData {
  std::optional<int64_t> identities, images;
};

struct TrainVerb {
  TrainConfig config;
  std::vector<std::string> translation;  // of another program's configuration: a line a key, to be logged
  ExpectedData expected;
  std::vector<std::string> model_keys;  // of the section `model` that the user gave
  std::string from;            // finetune: the model to start from, and what the other keys of `model` are taken from
  std::string resume;          // "", "auto" or a run
  ModelOptions model_options;  // finetune: what overrules the model's file
  std::string preset;          // "" or "smoke"
  bool strict = false;
  bool print_config = false;  // print the resolved configuration and end
};

struct RunsVerb {
  std::string dir = "runs";
  std::string name;                  // only runs of this name; empty: all
  std::vector<std::string> compare;  // two runs or more; empty: list
};

struct BenchVerb {
  TrainVerb train;
  int64_t classes = 1000;  // without data
  int64_t steps = 20, warmup = 5;
  bool find_batch_size = false;
};

struct NamedPath {
  std::string name, path;
};

struct InfoVerb {
  DataSetOptions data;  // its path may be that of a model, too
  ModelOptions model_options;
  bool tensors = false;                // list every tensor
  bool verify = false;                 // decode every image
  std::string against, against_pairs;  // an evaluation set, to be compared with
  std::string model;                   // that compares
  double near_duplicate = 0.9;         // cosine
  std::string out;                     // list for pack --exclude
  std::string device = "auto";
  int threads = 0;
  std::optional<TrainConfig> config;  // that the path is
  std::string preview;                // of a configuration: PNG to be written
};

struct ExportVerb {
  std::string model, out;
  std::string layout = "file";  // face.evolve: `out` is a folder
  ModelOptions options;
  bool fold_batch_norm = false;
  int64_t opset = 17;
  bool force = false;
};

struct EvalVerb {
  std::vector<std::string> models;
  std::vector<NamedPath> data, pairs, gallery, probes;
  std::string protocol = "auto";  // auto: what the data is laid out for | all_pairs

  std::string flip = "flip_sum";
  std::string align;              // the detector by which photographs are aligned first; "": they are crops already
  std::string no_face = "count";  // what becomes of photographs without a face: count | center
  int64_t resize_crop = 0;        // resize to so many pixels and cut out the centre; 0: as they are
  bool skip_missing = false;

  bool one_is_same = true;  // what label 1 of a list means
  std::string score = "cosine", threshold = "kfold";
  std::string predictions;
  int64_t bootstrap = 1000;
  int64_t seed = 1;
  std::string groups;
  bool baselines = false;

  std::vector<int64_t> low_res;
  std::string low_res_side = "both";
  std::vector<std::string> super_resolve;
  std::string corrupt;

  std::string fail_under, baseline;
  double tolerance = 0.001;

  std::string out;
  bool force = false;
  bool cache = true;
  int64_t batch_size = 64;
  EngineOptions engine;
};

// Which faces of a picture are used, and how they are found.
struct FaceOptions {
  std::string faces;  // one: a picture of several is left out | largest | center | best | all
  std::string align = "auto", weights;
  int min_size = 20;
  double min_score = 0;
};

struct IdentifyVerb {
  std::vector<std::string> in;
  std::string gallery, model;
  std::optional<double> threshold, fpir;
  std::string calibration;
  int64_t top = 1;
  FaceOptions faces;
  std::string index = "exact";
  std::string annotate;
  bool force = false;
  EngineOptions engine;
};

struct VerifyVerb {
  std::string model, flip = "no_flip";
  std::string a, b;         // pictures, or
  std::string pairs, root;  // a list of them, relative to `root`
  std::string out;          // of `pairs`: a .csv or .jsonl file
  std::string calibration;  // file; "": that in the model's metadata
  std::optional<double> fmr, threshold;
  bool exit_code = false;
  bool force = false;
  FaceOptions faces;
  EngineOptions engine;
};

struct CalibrateVerb {
  std::string model, flip = "no_flip";
  DataSetOptions data;
  std::string pairs;
  std::vector<double> fmr{1e-4}, fpir;
  int64_t gallery_size = 0;
  std::string out;
  bool write_to_model = false;
  bool force = false;
  FaceOptions faces;
  EngineOptions engine;
};

struct EmbedVerb {
  std::string model, out;
  DataSetOptions input;  // without a path
  std::vector<std::string> paths;
  EngineOptions engine;
  std::string flip = "no_flip";
  std::string align;  // the detector by which photographs are aligned first; "": they are crops already
  std::string weights;
  std::string fallback, shard = "1/1";
  EmbedAlignment alignment;
  EmbedFileOptions options;
};

struct EnrollVerb {
  std::vector<std::string> inputs;
  std::string gallery, model, name;
  std::string flip;  // "": the gallery's own
  FaceOptions faces;
  DataSetOptions set;  // without its path
  EngineOptions engine;
  bool list = false;
  std::vector<std::string> remove, rename;  // rename: old and new
  std::vector<int64_t> remove_images;
  bool merge = false;
  std::string export_to;
  bool force = false;
};

struct ModelsVerb {
  bool list = false;               // else download
  std::vector<std::string> names;  // of published weights
  bool all = false;                // in place of names
  DownloadOptions options;
};

struct DoctorVerb {
  std::string version;  // of the front, as --version tells it
};

struct Verbs {
  int (*synth)(const SynthVerb&, const CommonOptions&);
  int (*train)(const TrainVerb&, const CommonOptions&);
  int (*eval)(const EvalVerb&, const CommonOptions&);
  int (*info)(const InfoVerb&, const CommonOptions&);
  int (*export_model)(const ExportVerb&, const CommonOptions&);
  int (*pack)(const PackVerb&, const CommonOptions&);
  int (*align)(const AlignVerb&, const CommonOptions&);
  int (*models)(const ModelsVerb&, const CommonOptions&);
  int (*runs)(const RunsVerb&, const CommonOptions&);
  int (*embed)(const EmbedVerb&, const CommonOptions&);
  int (*identify)(const IdentifyVerb&, const CommonOptions&);
  int (*verify)(const VerifyVerb&, const CommonOptions&);
  int (*calibrate)(const CalibrateVerb&, const CommonOptions&);
  int (*enroll)(const EnrollVerb&, const CommonOptions&);
  int (*bench)(const BenchVerb&, const CommonOptions&);
  int (*doctor)(const DoctorVerb&, const CommonOptions&);
};

}  // namespace facerec

// The one symbol that the front looks up.
extern "C" const facerec::Verbs* facerec_verbs();
