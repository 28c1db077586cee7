#include <gmock/gmock.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include <fstream>
#include <set>

#include "facerec/core/error.h"
#include "facerec/model/onnx.h"
#include "facerec/model/weights.h"
#include "model/recording.h"
#include "support/reference.h"

namespace facerec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using torch::Tensor;

ModelConfig config_of(const std::string& name) { return {.name = name, .embedding_size = 8, .input = {32, 48}}; }

onnx::ModelProto read_model(const fs::path& path) {
  onnx::ModelProto model;
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(model.ParseFromIstream(&stream));
  onnx::checker::check_model(model);
  return model;
}

std::set<std::string> initializer_names(const OnnxFile& file) {
  std::set<std::string> names;
  for (const NamedTensor& tensor : file.initializers) names.insert(tensor.name);
  return names;
}

// A network of whatever a test wants to see exported.
class Written final : public Backbone {
 public:
  using Forward = std::function<Tensor(const Tensor&)>;
  explicit Written(Forward forward)
      : Backbone({.architecture = "written", .embedding_size = 3, .preprocess = {.width = 16, .height = 16}}),
        forward_(std::move(forward)) {
    weight = register_parameter("weight", torch::ones({3}));
  }
  Tensor forward(Tensor x) override { return forward_(x * weight.view({3, 1, 1})); }
  Tensor weight;

 private:
  Forward forward_;
};

class OnnxExport : public testing::Test {
 protected:
  OnnxFile exported(Backbone& backbone, const OnnxOptions& options = {}, const Metadata& metadata = {}) {
    export_onnx(path_, backbone, options, metadata);
    read_model(path_);
    return open_onnx(path_);
  }

  std::string error_of(const Written::Forward& forward) {
    Written network(forward);
    try {
      exported(network);
    } catch (const Error& error) {
      EXPECT_FALSE(fs::exists(path_));
      return error.what();
    }
    return "exported";
  }

  test::TemporaryFolder folder_;
  fs::path path_ = folder_ / "model.onnx";
};

TEST_F(OnnxExport, KeepsTheKeysAndShapesOfTheStateDict) {
  for (const char* name : {"ir_tiny", "mobilefacenet"}) {
    const auto backbone = make_backbone(config_of(name));
    const OnnxFile file = exported(*backbone);
    std::map<std::string, std::vector<int64_t>> shapes;
    for (const NamedTensor& tensor : file.initializers) shapes[tensor.name] = tensor.view.shape;
    for (const auto& [key, tensor] : state_dict(*backbone)) {
      if (key.ends_with("num_batches_tracked")) continue;
      ASSERT_TRUE(shapes.contains(key)) << key;
      std::vector<int64_t> shape = tensor.sizes().vec();
      if (key.find("prelu") != std::string::npos) shape = {shape[0], 1, 1};
      EXPECT_EQ(shapes[key], shape) << key;
    }
  }
}

TEST_F(OnnxExport, SaysWhatItIs) {
  const auto backbone = make_backbone(config_of("ir_tiny"));
  const OnnxFile file = exported(*backbone, {}, {{"note", "mine"}, {"mean", "9,9,9"}});
  EXPECT_EQ(file.producer, "facerec " FACEREC_TEST_VERSION);
  EXPECT_EQ(file.opset, 17);
  EXPECT_EQ(file.metadata.at("architecture"), "ir_tiny");
  EXPECT_EQ(file.metadata.at("mean"), "0.5,0.5,0.5");
  EXPECT_EQ(file.metadata.at("note"), "mine");
  EXPECT_EQ(file.inputs[0].name, "input");
  EXPECT_THAT(file.inputs[0].shape, ElementsAre(-1, 3, 48, 32));
  EXPECT_EQ(file.outputs[0].name, "embedding");
  EXPECT_THAT(file.outputs[0].shape, ElementsAre(-1, 8));
  EXPECT_EQ(describe_onnx(file).spec, backbone->spec());
}

TEST_F(OnnxExport, FoldsEveryNormThatFollowsALayer) {
  const auto backbone = make_backbone(config_of("mobilefacenet"));
  const OnnxFile file = exported(*backbone, {.fold_batch_norm = true});
  const onnx::ModelProto model = read_model(path_);
  for (const auto& node : model.graph().node()) EXPECT_NE(node.op_type(), "BatchNormalization");
  const std::set<std::string> names = initializer_names(file);
  EXPECT_TRUE(names.contains("conv1.conv.folded_weight"));
  EXPECT_TRUE(names.contains("conv1.conv.folded_bias"));
  EXPECT_FALSE(names.contains("conv1.conv.weight"));
}

TEST_F(OnnxExport, WritesOlderOpsets) {
  const auto backbone = make_backbone(config_of("ir_tiny"));
  EXPECT_EQ(exported(*backbone, {.opset = 13}).opset, 13);
  EXPECT_THROW(export_onnx(path_, *backbone, {.opset = 12}), Error);
  EXPECT_THROW(export_onnx(path_, *backbone, {.opset = 18}), Error);
}

TEST_F(OnnxExport, LeavesTheNetworkAsItWas) {
  const auto backbone = make_backbone(config_of("ir_tiny"));
  backbone->train();
  const std::string identity = model_identity(*backbone);
  exported(*backbone, {.fold_batch_norm = true});
  EXPECT_TRUE(backbone->is_training());
  EXPECT_EQ(model_identity(*backbone), identity);
}

TEST_F(OnnxExport, NamesAnOperatorWithoutTranslation) {
  EXPECT_THAT(error_of([](const Tensor& x) { return torch::cumsum(x.mean({2, 3}), 1); }), HasSubstr("cumsum"));
  EXPECT_THAT(error_of([](const Tensor& x) {
                return x.mean({2, 3}).norm(1, {1}, true).expand({-1, 3});
              }),
              HasSubstr("another norm"));
}

TEST_F(OnnxExport, RefusesWhatAGraphWouldGetWrong) {
  EXPECT_THAT(error_of([](const Tensor& x) {
                return x.mean({2, 3}) * static_cast<double>(x.size(0));
              }),
              HasSubstr("the size of the batch"));
  EXPECT_THAT(error_of([](const Tensor& x) { return x.to(torch::kFloat64).mean({2, 3}); }), HasSubstr("Double"));
  EXPECT_THAT(error_of([](const Tensor& x) {
                const Tensor half = x.slice(2, 0, 8);
                x.relu_();
                return half.mean({2, 3});
              }),
              HasSubstr("through a view"));
}

TEST_F(OnnxExport, DropsWhatTheOutputDoesNotNeed) {
  Written network([](const Tensor& x) {
    torch::cumsum(x, 1);
    return x.mean({2, 3});
  });
  EXPECT_THAT(initializer_names(exported(network)), ElementsAre("constant_1"));
}

TEST_F(OnnxExport, DescribesFilesOfOthers) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  auto declare = [](onnx::ValueInfoProto* info, const std::vector<int64_t>& shape) {
    info->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
    info->mutable_type()->mutable_tensor_type()->clear_shape();
    for (int64_t extent : shape)
      info->mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(extent);
  };
  auto* graph = model.mutable_graph();
  graph->add_node()->set_name("Conv_0");
  graph->add_node()->set_name("Mul_1");
  auto* input = graph->add_input();
  auto* output = graph->add_output();
  auto described = [&](const std::vector<int64_t>& from, const std::vector<int64_t>& to) {
    declare(input, from);
    declare(output, to);
    write_file(path_, model.SerializeAsString());
    return describe_onnx(open_onnx(path_)).spec;
  };
  EXPECT_EQ(described({1, 3, 0, 0}, {1, 512}), (ModelSpec{.architecture = "onnx", .embedding_size = 512}));
  ModelSpec nhwc = described({0, 64, 96, 3}, {});
  EXPECT_EQ(nhwc.preprocess.width, 96);
  EXPECT_EQ(nhwc.preprocess.height, 64);
  EXPECT_EQ(nhwc.embedding_size, 0);
  graph->mutable_node(0)->set_name("Sub_0");
  EXPECT_EQ(described({1, 3, 112, 112}, {1, 512}).preprocess.std[0], 1 / 255.0F);
  EXPECT_EQ(described({1, 3, 112, 112}, {1, 512}).preprocess.mean[0], 0);
  EXPECT_THROW(described({1, 3, 112, 112}, {1, 12800, 4}), Error);
  EXPECT_THROW(described({1, 1, 112, 112}, {1, 512}), Error);
  EXPECT_THROW(described({1, 3, 112}, {1, 512}), Error);
  EXPECT_THROW(described({1, 3, 1, 1 << 20}, {1, 512}), Error);
}

}  // namespace
}  // namespace facerec
