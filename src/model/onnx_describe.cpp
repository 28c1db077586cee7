#include <algorithm>

#include "facerec/core/error.h"
#include "facerec/model/onnx.h"
#include "model/metadata.h"

namespace facerec {
namespace {

const char* const not_a_backbone = "a network that gives embeddings takes images [N,3,height,width] and gives [N,E]";

// A side of the image in the graph, else `open`, from the metadata: both are the file's word.
int side(const OnnxFile& file, int64_t in_graph, int open) {
  const int64_t extent = in_graph < 0 ? open : in_graph;
  if (extent >= min_input_side && extent <= max_input_side) return static_cast<int>(extent);
  throw Error("takes images of a side of " + std::to_string(extent) + " pixels").file(text_of(file.path));
}

void read_size(const OnnxFile& file, Preprocess& preprocess) {
  if (file.inputs.size() != 1) {
    throw Error("has " + std::to_string(file.inputs.size()) + " inputs").file(text_of(file.path)).hint(not_a_backbone);
  }
  const std::vector<int64_t>& shape = file.inputs[0].shape;
  const bool nchw = shape.size() == 4 && shape[1] == 3;
  if (!nchw && (shape.size() != 4 || shape[3] != 3)) {
    throw Error("its input '" + file.inputs[0].name + "' is no batch of images of 3 channels")
        .file(text_of(file.path))
        .hint(not_a_backbone);
  }
  preprocess.height = side(file, shape[nchw ? 2 : 1], preprocess.height);
  preprocess.width = side(file, shape[nchw ? 3 : 2], preprocess.width);
}

// 0 where an output has no shape in the file, so that only the runtime can tell.
int64_t read_embedding_size(const OnnxFile& file) {
  std::vector<int64_t> lengths;
  for (const OnnxValue& output : file.outputs) {
    if (output.shape.empty()) return 0;
    if (const int64_t length = embedding_length(output.shape); length > 0) lengths.push_back(length);
  }
  if (lengths.size() == 1 && lengths[0] <= max_embedding_size) return lengths[0];
  throw Error("none of its " + std::to_string(file.outputs.size()) + " outputs is the embedding")
      .file(text_of(file.path))
      .hint(not_a_backbone);
}

}  // namespace

OnnxDescription describe_onnx(const OnnxFile& file) {
  OnnxDescription description{.spec = {.architecture = "onnx"}, .preprocessing_from = "the file's metadata"};
  ModelSpec& spec = description.spec;
  if (const auto format = file.metadata.find("format"); format != file.metadata.end() && format->second == "facerec") {
    spec = spec_in(file.metadata, file.path);
  } else if (normalises_inside(file) || (!file.inputs.empty() && file.inputs[0].dtype == "U8")) {
    spec.preprocess.mean = {0, 0, 0};
    spec.preprocess.std = {1 / 255.0F, 1 / 255.0F, 1 / 255.0F};
    description.preprocessing_from = "the graph: it normalises inside";
  } else {
    description.preprocessing_from = "InsightFace's rule for graphs that do not normalise inside";
  }
  read_size(file, spec.preprocess);
  spec.embedding_size = read_embedding_size(file);
  return description;
}

}  // namespace facerec
