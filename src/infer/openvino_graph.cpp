#include "infer/openvino_graph.h"

#include <openvino/opsets/opset13.hpp>

#include "facerec/core/error.h"

namespace facerec {
namespace {

namespace ops = ov::opset13;
using Value = OpenVinoGraph::Value;

// As published_output() divides, but for rows of zeros, which stay.
Value unit_length(const Value& rows) {
  const auto length = std::make_shared<ops::ReduceL2>(rows, OpenVinoGraph::integers({1}), true);
  const auto divisor = std::make_shared<ops::Maximum>(length, OpenVinoGraph::scalar(1e-12));
  return std::make_shared<ops::Divide>(rows, divisor);
}

}  // namespace

Value OpenVinoGraph::value(int index) {
  Value& value = values_[static_cast<size_t>(index)];
  if (value.get_node() == nullptr) value = constant(recording_.value(index).constant);
  return value;
}

Value OpenVinoGraph::constant(const torch::Tensor& tensor) {
  const auto kept = std::make_shared<torch::Tensor>(tensor.to(torch::kFloat32).contiguous());
  const ov::Shape shape(kept->sizes().begin(), kept->sizes().end());
  return std::make_shared<ops::Constant>(ov::element::f32, shape, kept->const_data_ptr(), kept);
}

Value OpenVinoGraph::scalar(double number) { return ops::Constant::create(ov::element::f32, {}, {number}); }

Value OpenVinoGraph::integers(const Shape& numbers) {
  return ops::Constant::create(ov::element::i64, {numbers.size()}, numbers);
}

std::shared_ptr<ov::Model> openvino_graph(const Recording& recording) {
  const Shape& shape = recording.value(recording.input).shape;
  const auto input = std::make_shared<ops::Parameter>(
      ov::element::f32, ov::PartialShape(std::vector<ov::Dimension>(shape.begin(), shape.end())));
  OpenVinoGraph graph(recording);
  graph.set_value(recording.input, input);
  for (const RecordedOperator& op : recording.operators) {
    const OpenVinoTranslator translate = find_openvino_translator(op.name);
    if (translate == nullptr) throw Error("the operator " + op.name + " has no translation to OpenVINO");
    graph.set_value(op.outputs.at(0), translate(graph, op));
  }
  return std::make_shared<ov::Model>(ov::OutputVector{graph.value(recording.output)}, ov::ParameterVector{input});
}

std::shared_ptr<ov::Model> openvino_graph(Backbone& backbone) {
  const torch::NoGradGuard without_gradient;
  Recording recording = record(backbone);
  fold_batch_norms(recording);
  std::shared_ptr<ov::Model> graph = openvino_graph(recording);
  if (!backbone.spec().unit_length) return graph;
  const Value embedding = graph->output(0).get_node()->input_value(0);
  return std::make_shared<ov::Model>(ov::OutputVector{unit_length(embedding)}, graph->get_parameters());
}

}  // namespace facerec
