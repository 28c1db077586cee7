// `facerec export … --layout face.evolve`.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "facerec/core/error.h"
#include "facerec/infer/engine.h"
#include "facerec/infer/evolve_run.h"
#include "facerec/model/weights.h"
#include "facerec/train/evolve_export.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

void make_place(const ExportVerb& verb, const EvolveCheckpoint& files) {
  if (fs::exists(verb.out) && !fs::is_directory(verb.out)) throw Error::usage("is no folder").file(verb.out);
  for (const fs::path& file : {files.backbone, files.head, files.optimizer}) {
    if (fs::exists(file) && !verb.force) {
      throw Error::usage("exists already").file(text_of(file)).hint("--force replaces it");
    }
  }
  make_folder(verb.out);
}

// The backbone last: by it a checkpoint is found.
EvolveCheckpoint write(const EvolveExport& source, const Backbone& backbone, EvolveCheckpoint files) {
  if (const std::string reason = source.no_optimizer(); !reason.empty()) {
    spdlog::warn("no optimizer is written: {}", reason);
    fs::remove(files.optimizer);  // that of an earlier export is not of this backbone
    files.optimizer.clear();
  } else {
    source.save_optimizer(files.optimizer, backbone);
  }
  source.save_head(files.head);
  save_state_dict(files.backbone, backbone);
  return files;
}

}  // namespace

int run_export_evolve(const ExportVerb& verb, const CommonOptions& common) {
  if (verb.fold_batch_norm || verb.opset != ExportVerb().opset) {
    throw Error::usage("--fold-batch-norm and --opset are for .onnx").file(verb.out);
  }
  const fs::path model = find_model(verb.model);
  const EvolveExport source(model.parent_path());
  const std::shared_ptr<Backbone> backbone = load_backbone(model, verb.options);
  EvolveCheckpoint files = evolve_checkpoint_names(verb.out, source.epochs(), source.batches());
  make_place(verb, files);
  files = write(source, *backbone, files);
  nlohmann::ordered_json json{{"model", text_of(model)},
                              {"out", verb.out},
                              {"architecture", backbone->spec().architecture},
                              {"backbone", text_of(files.backbone)},
                              {"head", text_of(files.head)},
                              {"optimizer", nullptr}};
  if (!files.optimizer.empty()) json["optimizer"] = text_of(files.optimizer);
  std::string text;
  for (const fs::path& file : {files.backbone, files.head, files.optimizer}) {
    if (!file.empty()) text += fmt::format("{}: {} bytes\n", text_of(file), fs::file_size(file));
  }
  print_answer(common, json, text);
  return exit_done;
}

}  // namespace facerec
