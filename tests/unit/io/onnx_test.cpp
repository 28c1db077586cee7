#include "facerec/io/onnx.h"

#include <gmock/gmock.h>
#include <onnx/onnx_pb.h>

#include <cstring>
#include <functional>

#include "facerec/core/error.h"
#include "support/reference.h"

namespace facerec {
namespace {

using onnx::TensorProto;
using testing::ElementsAre;
using testing::HasSubstr;

void add_value(onnx::ValueInfoProto* info, const std::string& name, const std::vector<int64_t>& shape) {
  info->set_name(name);
  auto* tensor = info->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(TensorProto::FLOAT);
  for (const int64_t extent : shape) {
    auto* dim = tensor->mutable_shape()->add_dim();
    extent < 0 ? dim->set_dim_param("batch") : dim->set_dim_value(extent);
  }
}

TensorProto* add_tensor(onnx::ModelProto& model, const std::string& name, int type, int64_t size) {
  TensorProto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(type);
  tensor->add_dims(size);
  return tensor;
}

onnx::ModelProto small_model() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.set_producer_name("someone");
  model.set_producer_version("1.2");
  model.set_doc_string("a doc");
  model.add_opset_import()->set_version(17);
  auto* entry = model.add_metadata_props();
  entry->set_key("mean");
  entry->set_value("0,0,0");
  auto* graph = model.mutable_graph();
  add_value(graph->add_input(), "input", {-1, 3, 112, 96});
  add_value(graph->add_input(), "bias", {2});
  add_value(graph->add_output(), "embedding", {-1, 128});
  for (const char* name : {"conv", "Sub_1"}) {
    auto* node = graph->add_node();
    node->set_name(name);
    node->set_op_type("Conv");
  }
  add_tensor(model, "bias", TensorProto::FLOAT, 2)->add_float_data(1.5F);
  model.mutable_graph()->mutable_initializer(0)->add_float_data(-2);
  return model;
}

class Onnx : public testing::Test {
 protected:
  OnnxFile open(const onnx::ModelProto& model) {
    write_file(path_, model.SerializeAsString());
    return open_onnx(path_);
  }

  std::string error_of(const std::function<void(onnx::ModelProto&)>& change) {
    onnx::ModelProto model = small_model();
    change(model);
    try {
      open(model);
    } catch (const Error& error) {
      EXPECT_EQ(error.file(), path_.string());
      return error.what();
    }
    return "opened";
  }

  test::TemporaryFolder folder_;
  fs::path path_ = folder_ / "model.onnx";
};

TEST_F(Onnx, SaysWhatTheFileSays) {
  const OnnxFile file = open(small_model());
  EXPECT_EQ(file.ir_version, 8);
  EXPECT_EQ(file.opset, 17);
  EXPECT_EQ(file.producer, "someone 1.2");
  EXPECT_EQ(file.doc, "a doc");
  EXPECT_EQ(file.metadata.at("mean"), "0,0,0");
  ASSERT_EQ(file.inputs.size(), 1U);
  EXPECT_EQ(file.inputs[0].dtype, "F32");
  EXPECT_THAT(file.inputs[0].shape, ElementsAre(-1, 3, 112, 96));
  EXPECT_EQ(file.outputs[0].name, "embedding");
  EXPECT_EQ(file.first_nodes[1].name, "Sub_1");
  EXPECT_EQ(file.first_nodes[1].type, "Conv");
}

TEST_F(Onnx, ReadsTensorsHoweverTheyAreSpelt) {
  onnx::ModelProto model = small_model();
  add_tensor(model, "raw", TensorProto::INT64, 1)->set_raw_data(std::string("\5\0\0\0\0\0\0\0", 8));
  TensorProto* half = add_tensor(model, "half", TensorProto::FLOAT16, 2);
  half->add_int32_data(0x3c00);
  half->add_int32_data(0xc000);
  add_tensor(model, "text", TensorProto::STRING, 1)->add_string_data("x");
  const OnnxFile file = open(model);
  ASSERT_EQ(file.initializers.size(), 3U);
  float value = 0;
  std::memcpy(&value, file.initializers[0].view.bytes.data() + 4, 4);
  EXPECT_EQ(value, -2);
  EXPECT_EQ(file.initializers[1].view.dtype, "I64");
  EXPECT_EQ(file.initializers[1].view.bytes[0], std::byte{5});
  EXPECT_EQ(file.initializers[2].view.dtype, "F16");
  EXPECT_THAT(file.initializers[2].view.bytes,
              ElementsAre(std::byte{0}, std::byte{0x3c}, std::byte{0}, std::byte{0xc0}));
}

TEST_F(Onnx, RefusesWhatDoesNotFit) {
  EXPECT_THAT(error_of([](auto& model) { add_tensor(model, "w", TensorProto::FLOAT, 3)->set_raw_data("12345678"); }),
              HasSubstr("'w' has 8 bytes; its shape needs 12"));
  EXPECT_THAT(error_of([](auto& model) {
                TensorProto* tensor = add_tensor(model, "w", TensorProto::FLOAT, int64_t{1} << 62);
                tensor->add_dims(int64_t{1} << 62);
              }),
              HasSubstr("impossible shape"));
  EXPECT_THAT(error_of([](auto& model) { add_tensor(model, "w", TensorProto::FLOAT, -1); }),
              HasSubstr("impossible shape"));
}

TEST_F(Onnx, RefusesTensorsInOtherFiles) {
  auto point_outside = [](TensorProto* tensor) {
    tensor->set_name("w");
    tensor->set_data_location(TensorProto::EXTERNAL);
    auto* entry = tensor->add_external_data();
    entry->set_key("location");
    entry->set_value("../../secret");
  };
  EXPECT_THAT(error_of([&](auto& model) { point_outside(model.mutable_graph()->add_initializer()); }),
              HasSubstr("'w' in another file"));
  EXPECT_THAT(error_of([&](auto& model) {
                auto* inner = model.mutable_graph()->mutable_node(0)->add_attribute()->mutable_g();
                point_outside(inner->add_node()->add_attribute()->mutable_t());
              }),
              HasSubstr("'w' in another file"));
}

TEST_F(Onnx, RefusesOtherFiles) {
  for (const std::string& text : {std::string(), std::string("<html>no model</html>"), std::string(100, '\0')}) {
    write_file(path_, text);
    EXPECT_THROW(open_onnx(path_), Error) << text;
  }
  const std::string whole = small_model().SerializeAsString();
  write_file(path_, std::string_view(whole).substr(0, whole.size() - 20));
  EXPECT_THROW(open_onnx(path_), Error);
  EXPECT_THROW(open_onnx(folder_ / "absent.onnx"), Error);
}

// Four bytes of the file make a message of a hundred or more.
TEST_F(Onnx, TakesNoMoreMemoryThanTheFileJustifies) {
  EXPECT_THAT(error_of([](auto& model) {
                auto* attribute = model.mutable_graph()->mutable_node(0)->add_attribute();
                for (int i = 0; i < 1'000'000; ++i) attribute->add_graphs();
              }),
              HasSubstr("more memory"));
}

TEST_F(Onnx, StopsAtDeepNesting) {
  EXPECT_THAT(error_of([](auto& model) {
                auto* graph = model.mutable_graph();
                for (int i = 0; i < 200; ++i) graph = graph->add_node()->add_attribute()->mutable_g();
              }),
              HasSubstr("is not an ONNX model"));
}

TEST_F(Onnx, TellsNormalisationInsideByTheNamesOfTheFirstNodes) {
  auto normalises = [&](const std::string& first, const std::string& second) {
    onnx::ModelProto model = small_model();
    model.mutable_graph()->mutable_node(0)->set_name(first);
    model.mutable_graph()->mutable_node(1)->set_name(second);
    return normalises_inside(open(model));
  };
  EXPECT_TRUE(normalises("_minusscalar0", "_mulscalar0"));
  EXPECT_TRUE(normalises("Mul_3", "Sub_2"));
  EXPECT_FALSE(normalises("Sub_1", "Sub_2"));
  EXPECT_FALSE(normalises("sub_1", "mul_1"));
}

TEST_F(Onnx, KnowsTheShapeOfEmbeddings) {
  EXPECT_EQ(embedding_length({-1, 512}), 512);
  EXPECT_EQ(embedding_length({1, 512, 1, 1}), 512);
  for (const std::vector<int64_t>& other :
       {std::vector<int64_t>{}, {512}, {1, -1}, {12800, 1}, {1, 12800, 4}, {1, 64, 7, 7}}) {
    EXPECT_EQ(embedding_length(other), 0);
  }
}

}  // namespace
}  // namespace facerec
