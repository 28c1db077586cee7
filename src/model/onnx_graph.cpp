#include "model/onnx_graph.h"

#include <algorithm>

#include "facerec/core/error.h"
#include "model/bytes.h"

namespace facerec {
namespace {

onnx::TensorProto::DataType data_type(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat32: return onnx::TensorProto::FLOAT;
    case torch::kInt64: return onnx::TensorProto::INT64;
    case torch::kBool: return onnx::TensorProto::BOOL;
    default:
      throw Error(std::string("a constant of type ") + torch::toString(tensor.scalar_type()) + " in the network");
  }
}

void set(onnx::AttributeProto& proto, const OnnxAttribute& attribute) {
  proto.set_name(attribute.name);
  if (const auto* integer = std::get_if<int64_t>(&attribute.value)) {
    proto.set_type(onnx::AttributeProto::INT);
    proto.set_i(*integer);
  } else if (const auto* real = std::get_if<double>(&attribute.value)) {
    proto.set_type(onnx::AttributeProto::FLOAT);
    proto.set_f(static_cast<float>(*real));
  } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    proto.set_type(onnx::AttributeProto::STRING);
    proto.set_s(*text);
  } else {
    proto.set_type(onnx::AttributeProto::INTS);
    for (const int64_t entry : std::get<std::vector<int64_t>>(attribute.value)) proto.add_ints(entry);
  }
}

}  // namespace

std::string OnnxGraph::name(int index) {
  std::string& name = names_[static_cast<size_t>(index)];
  if (!name.empty()) return name;
  const RecordedValue& value = this->value(index);
  name = value.key.empty() ? constant(value.constant) : reshaped(index, value.shape);
  return name;
}

std::string OnnxGraph::reshaped(int index, const std::vector<int64_t>& shape) {
  const RecordedValue& value = this->value(index);
  const torch::Tensor tensor = value.constant.reshape(shape);
  if (value.key.empty()) return constant(tensor);
  const auto found = initializers_.find(value.key);
  if (found == initializers_.end()) return initializer(value.key, tensor);
  return found->second.sizes() == tensor.sizes() ? value.key : constant(tensor);
}

std::string OnnxGraph::initializer(const std::string& stem, const torch::Tensor& tensor) {
  std::string name = stem == "constant" ? fresh(stem) : stem;
  const torch::Tensor wide = tensor.is_floating_point() ? tensor.to(torch::kFloat32) : tensor;
  const torch::Tensor bytes = row_major(wide);
  onnx::TensorProto* proto = proto_.add_initializer();
  proto->set_name(name);
  proto->set_data_type(data_type(bytes));
  for (const int64_t extent : bytes.sizes()) proto->add_dims(extent);
  proto->set_raw_data(bytes.const_data_ptr(), bytes.nbytes());
  initializers_.emplace(name, bytes);
  return name;
}

std::string OnnxGraph::add(const char* type, const Names& inputs, const std::vector<OnnxAttribute>& attributes) {
  onnx::NodeProto* node = proto_.add_node();
  node->set_op_type(type);
  node->set_name(fresh(operator_));
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(node->name());
  for (const OnnxAttribute& attribute : attributes) set(*node->add_attribute(), attribute);
  return node->name();
}

void OnnxGraph::translate() {
  for (const RecordedOperator& op : recording_.operators) {
    const OnnxTranslator translator = find_translator(op.name);
    if (translator == nullptr) throw Error("the operator " + op.name + " has no translation to ONNX");
    operator_ = op.name;
    const Names outputs = translator(*this, op);
    for (size_t i = 0; i < outputs.size(); ++i) set_name(op.outputs[i], outputs[i]);
  }
}

std::string OnnxGraph::unit_length(const std::string& rows) {
  operator_ = "unit_length";
  const std::string length = add("ReduceL2", {rows}, {{"axes", std::vector<int64_t>{1}}, {"keepdims", int64_t{1}}});
  return add("Div", {rows, add("Clip", {length, scalar(1e-12)})});
}

}  // namespace facerec
