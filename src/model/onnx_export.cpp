#include <map>

#include "facerec/core/error.h"
#include "facerec/model/backbone.h"
#include "facerec/model/onnx.h"
#include "model/metadata.h"
#include "model/onnx_graph.h"

namespace facerec {
namespace {

constexpr int64_t first_opset = 13, last_opset = 17;
constexpr const char* output_name = "embedding";

void declare(onnx::ValueInfoProto* info, const std::string& name, const std::vector<int64_t>& shape) {
  info->set_name(name);
  auto* tensor = info->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(onnx::TensorProto::FLOAT);
  for (const int64_t extent : shape) {
    auto* dim = tensor->mutable_shape()->add_dim();
    if (extent < 0) {
      dim->set_dim_param("batch");
    } else {
      dim->set_dim_value(extent);
    }
  }
}

void rename(onnx::GraphProto& graph, const std::string& from, const std::string& to) {
  for (auto& node : *graph.mutable_node()) {
    for (auto& name : *node.mutable_input()) {
      if (name == from) name = to;
    }
    for (auto& name : *node.mutable_output()) {
      if (name == from) name = to;
    }
  }
}

void describe_model(onnx::ModelProto& model, const ModelSpec& spec, const Metadata& extra) {
  model.set_producer_name("facerec");
  model.set_producer_version(FACEREC_VERSION);
  Metadata metadata = metadata_of(spec);
  metadata.insert(extra.begin(), extra.end());
  for (const auto& [key, value] : metadata) {
    auto* entry = model.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  }
}

}  // namespace

void export_onnx(const fs::path& path, Backbone& backbone, const OnnxOptions& options, const Metadata& metadata) {
  if (options.opset < first_opset || options.opset > last_opset) {
    throw Error::usage("opset " + std::to_string(options.opset) + " is not between " + std::to_string(first_opset) +
                       " and " + std::to_string(last_opset));
  }
  const torch::NoGradGuard without_gradient;
  const ModelSpec& spec = backbone.spec();
  Recording recording = record(backbone);
  if (options.fold_batch_norm) fold_batch_norms(recording);

  onnx::ModelProto model;
  model.set_ir_version(options.opset < 15 ? 7 : 8);  // of ONNX 1.8 and 1.10, which brought these opsets
  model.add_opset_import()->set_version(options.opset);
  describe_model(model, spec, metadata);
  onnx::GraphProto& proto = *model.mutable_graph();
  proto.set_name(spec.architecture);
  declare(proto.add_input(), "input", {-1, 3, spec.preprocess.height, spec.preprocess.width});
  declare(proto.add_output(), output_name, {-1, spec.embedding_size});

  OnnxGraph graph(proto, recording, options.opset);
  graph.set_name(recording.input, "input");
  graph.translate();
  std::string embedding = graph.name(recording.output);
  if (spec.unit_length) embedding = graph.unit_length(embedding);
  rename(proto, embedding, output_name);

  if (model.ByteSizeLong() >= uint64_t{1} << 31) throw Error("the network is larger than the 2 GiB of an ONNX file");
  AtomicFile file(path);
  file.write(model.SerializeAsString());
  file.commit();
}

}  // namespace facerec
