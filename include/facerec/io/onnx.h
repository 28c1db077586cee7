// Reading ONNX files: what a network's file says about itself, and its weights. Nothing is computed here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "facerec/io/tensor_file.h"

namespace facerec {

struct OnnxValue {
  std::string name;
  std::string dtype;           // "F32", "U8", …; "" for what is not a tensor or has another type
  std::vector<int64_t> shape;  // −1: any size; empty for a scalar and where the file does not say
};

struct OnnxNode {
  std::string name, type;  // type: the operator, "Conv"
};

class OnnxMemory;

// Copies share the memory that the views show.
struct OnnxFile {
  fs::path path;
  int64_t ir_version = 0, opset = 0;  // opset: of the standard operators
  std::string producer;               // "pytorch 2.9.0"
  std::string doc;
  Metadata metadata;              // metadata_props
  std::vector<OnnxValue> inputs;  // without those that only give an initializer its default
  std::vector<OnnxValue> outputs;
  std::vector<OnnxNode> first_nodes;      // up to 8
  std::vector<NamedTensor> initializers;  // the weights under their names, without tensors of text
  std::shared_ptr<const OnnxMemory> memory;
};

// By the ending of its name: a protobuf message says nothing of what it is.
bool is_onnx(const fs::path& path);

// Throws Error naming the file when it is not an ONNX model, is larger than 2 GiB (the limit of the format), takes much
// more memory than its size justifies, has a tensor whose bytes do not fit its shape, or keeps tensors in other files:
// a model must not make the program read those.
OnnxFile open_onnx(const fs::path& path);

// Whether the network begins by normalising its pixels, so that it wants them as 0 … 255: InsightFace's rule
// (python-package/insightface/model_zoo/arcface_onnx.py), by which the models that came from MXNet are told. Among the
// first 8 nodes one is named "Sub…" or "_minus…" and one "Mul…" or "_mul…".
bool normalises_inside(const OnnxFile& file);

// E for a shape [N,E], [N,E,1] or [N,E,1,1] with E ≥ 2, as an embedding has it; else 0. N may be anything.
int64_t embedding_length(const std::vector<int64_t>& shape);

}  // namespace facerec
