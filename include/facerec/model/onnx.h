// Networks as ONNX files, for other runtimes; and what an ONNX file needs to be fed with. Free of LibTorch.
//
// A file that export_onnx wrote has one input "input", fp32 [batch,3,height,width], preprocessed; one output
// "embedding", fp32 [batch,embedding_size]; any batch. Its initializers are named by the keys of the state dict, its
// metadata_props are those of a .safetensors model (facerec/model/weights.h).
#pragma once

#include "facerec/io/onnx.h"
#include "facerec/model/spec.h"

namespace facerec {

class Backbone;

struct OnnxOptions {
  bool fold_batch_norm = false;  // into the layer before: a smaller graph, which cannot be loaded back as a network
  int64_t opset = 17;            // 13 to 17
};

// Writes whole or not at all. `metadata` joins what describes the model; the description wins. Where
// backbone.spec().unit_length is set, the graph ends in dividing each embedding by its length. Throws a usage Error for
// another opset, and an Error naming the operator for a network with one that has no translation.
// REQUIRES: fp32 weights.
void export_onnx(const fs::path& path, Backbone& backbone, const OnnxOptions& options = {},
                 const Metadata& metadata = {});

struct OnnxDescription {
  ModelSpec spec;                  // architecture "onnx" and embedding_size 0 where the file does not say
  std::string preprocessing_from;  // for people: how the preprocessing was found
};

// Width and height are the graph's, 112×112 where it leaves them open. The rest of the preprocessing is that of the
// metadata where facerec wrote the file; else InsightFace's: RGB as 0 … 255 for a graph that normalises inside or takes
// 8-bit pixels, (x/255 − 0.5)/0.5 for others. Throws an Error when the input is not one batch of images of 3 channels,
// or no output is one embedding an image: that is another kind of network, such as a detector.
OnnxDescription describe_onnx(const OnnxFile& file);

// What galleries and thresholds hold to know the model again: SHA-256 of the file in hex.
std::string onnx_identity(const fs::path& path);

}  // namespace facerec
