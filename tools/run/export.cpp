#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/infer/engine.h"
#include "facerec/model/onnx.h"
#include "facerec/model/weights.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

using Write = void (*)(const ExportVerb& verb, Backbone& backbone);

struct Format {
  const char* extension;
  Write write;
};

void write_onnx(const ExportVerb& verb, Backbone& backbone) {
  export_onnx(verb.out, backbone, {.fold_batch_norm = verb.fold_batch_norm, .opset = verb.opset});
}

const Format formats[] = {
    {".safetensors", [](const ExportVerb& verb, Backbone& backbone) { save_backbone(verb.out, backbone); }},
    {".pth", [](const ExportVerb& verb, Backbone& backbone) { save_state_dict(verb.out, backbone); }},
    {".onnx", write_onnx},
};

const Format& format_of(const fs::path& out) {
  const std::string extension = lower(out.extension().string());
  for (const Format& format : formats) {
    if (extension == format.extension) return format;
  }
  throw Error::usage("'" + extension + "' is no format that facerec writes")
      .file(text_of(out))
      .hint("the file's name must end in .safetensors, .pth or .onnx");
}

}  // namespace

int run_export(const ExportVerb& verb, const CommonOptions& common) {
  if (verb.layout == "face.evolve") return run_export_evolve(verb, common);
  const Format& format = format_of(verb.out);
  if (fs::exists(verb.out) && !verb.force) {
    throw Error::usage("exists already").file(verb.out).hint("--force replaces it");
  }
  if (format.write != write_onnx && (verb.fold_batch_norm || verb.opset != ExportVerb().opset)) {
    throw Error::usage("--fold-batch-norm and --opset are for .onnx").file(verb.out);
  }
  const fs::path model = find_model(verb.model);
  const std::shared_ptr<Backbone> backbone = load_backbone(model, verb.options);
  format.write(verb, *backbone);
  const nlohmann::ordered_json json{{"model", text_of(model)},
                                    {"out", verb.out},
                                    {"architecture", backbone->spec().architecture},
                                    {"parameters", count_parameters(*backbone)},
                                    {"embedding_size", backbone->spec().embedding_size},
                                    {"bytes", fs::file_size(verb.out)}};
  print_answer(common, json,
               fmt::format("{}: {}, {} parameters, {} bytes\n", verb.out, backbone->spec().architecture,
                           count_parameters(*backbone), fs::file_size(verb.out)));
  return exit_done;
}

}  // namespace facerec
