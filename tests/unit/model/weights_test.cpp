#include "facerec/model/weights.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "facerec/model/head.h"
#include "golden.h"

namespace facerec {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using torch::Tensor;

std::shared_ptr<Backbone> small_backbone(const std::string& name = "ir_tiny", const std::string& preprocess = "bgr") {
  return make_backbone({.name = name, .embedding_size = 16, .input = {32, 48}, .preprocess = preprocess});
}

template <class Call>
Error caught(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return Error("nothing was thrown");
}

class Weights : public testing::Test {
 protected:
  // Writes a model with changed metadata; a value of "" removes the key.
  fs::path model_with(const Metadata& changes) {
    const auto backbone = small_backbone();
    save_backbone(path_, *backbone);
    Metadata metadata = SafetensorsFile(path_).metadata();
    for (const auto& [key, value] : changes) {
      metadata[key] = value;
      if (value.empty()) metadata.erase(key);
    }
    save_tensors(path_, state_dict(*backbone), metadata);
    return path_;
  }

  test::TemporaryFolder folder_;
  fs::path path_ = folder_ / "model.safetensors";
};

TEST_F(Weights, ABackboneComesBackAsItWas) {
  for (const std::string name : {"ir_tiny", "mobilefacenet"}) {
    const auto saved = small_backbone(name);
    saved->forward(torch::randn({4, 3, 48, 32}));  // moves the running statistics
    saved->eval();
    save_backbone(path_, *saved, {{"config", "model: {}"}, {"architecture", "overruled"}});
    const auto loaded = load_backbone(path_);

    EXPECT_EQ(loaded->spec(), saved->spec());
    EXPECT_FALSE(loaded->is_training());
    EXPECT_EQ(model_identity(*loaded), model_identity(*saved));
    const Tensor input = torch::randn({2, 3, 48, 32});
    EXPECT_TRUE(torch::equal(loaded->forward(input), saved->forward(input)));
    const SafetensorsFile file(path_);
    EXPECT_EQ(file.metadata().at("config"), "model: {}");
    EXPECT_EQ(file.metadata().at("architecture"), name);
    EXPECT_EQ(file.metadata().at("input"), "32x48");
    EXPECT_EQ(file.metadata().at("channel_order"), "bgr");
    EXPECT_EQ(file.metadata().at("mean"), "0.5,0.5,0.5");
  }
}

TEST_F(Weights, IdentityDependsOnWeightsAndPreprocessingOnly) {
  torch::manual_seed(11);
  const auto backbone = small_backbone();
  const std::string identity = model_identity(*backbone);
  EXPECT_EQ(identity.size(), 64);
  for (auto& parameter : backbone->parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
  }
  EXPECT_EQ(model_identity(*backbone), identity);
  torch::manual_seed(11);
  EXPECT_NE(model_identity(*small_backbone("ir_tiny", "default")), identity);
  const torch::NoGradGuard without_gradient;
  backbone->parameters().back().flatten()[0] += 1e-3;
  EXPECT_NE(model_identity(*backbone), identity);
}

// Computed by Python's hashlib over the same stream.
TEST_F(Weights, IdentityIsSha256) {
  class Two final : public Backbone {
   public:
    Two() : Backbone({.architecture = "two", .embedding_size = 1}) {
      register_parameter("b", torch::tensor({1.0F, 2.0F}));
      register_buffer("a", torch::tensor(int64_t{3}));
    }
    Tensor forward(Tensor x) override { return x; }
  };
  EXPECT_EQ(model_identity(Two()), "00ae4bd2f3297b2841ff7b250d06150dad857b178701b56909353e03319e3e6f");
}

TEST_F(Weights, HeadsAndOtherTensorsUseTheSameFiles) {
  const auto head = make_head({.name = "softmax"}, 7, 4);
  save_tensors(path_, state_dict(*head), {{"kind", "head"}});
  const auto other = make_head({.name = "softmax"}, 7, 4);
  load_into(state_dict(*other), SafetensorsFile(path_));
  EXPECT_TRUE(torch::equal(other->weight, head->weight));
  EXPECT_TRUE(other->weight.requires_grad());

  const Tensor values = torch::arange(6).view({2, 3});
  for (const auto type : {torch::kFloat64, torch::kFloat32, torch::kFloat16, torch::kBFloat16, torch::kInt64,
                          torch::kInt32, torch::kInt16, torch::kInt8, torch::kUInt8, torch::kBool}) {
    const Tensor written = values.to(type).t();  // not row-major
    save_tensors(path_, {{"x", written}, {"none", torch::empty({0, 3}, type)}, {"scalar", torch::ones({}, type)}});
    Tensor back = torch::zeros({3, 2}, type);
    Tensor scalar = torch::zeros({}, type);
    load_into({{"x", back}, {"none", torch::empty({0, 3}, type)}, {"scalar", scalar}}, SafetensorsFile(path_));
    EXPECT_TRUE(torch::equal(back, written)) << torch::toString(type);
    EXPECT_TRUE(torch::equal(scalar, torch::ones({}, type))) << torch::toString(type);
  }
  EXPECT_THAT(caught([&] {
                save_tensors(path_, {{"z", torch::zeros({1}, torch::kComplexFloat)}});
              }).message(),
              HasSubstr("'z'"));
}

TEST_F(Weights, FloatingPointIsConverted) {
  save_tensors(path_, {{"x", torch::tensor({0.5, 1.5}, torch::kFloat16)}});
  Tensor target = torch::zeros({2}, torch::kFloat32);
  load_into({{"x", target}}, SafetensorsFile(path_));
  EXPECT_TRUE(torch::equal(target, torch::tensor({0.5F, 1.5F})));
  Tensor integers = torch::zeros({2}, torch::kInt64);
  const Error error = caught([&] { load_into({{"x", integers}}, SafetensorsFile(path_)); });
  EXPECT_THAT(error.message(), AllOf(HasSubstr("'x'"), HasSubstr("F16"), HasSubstr("I64")));
}

TEST_F(Weights, AWrongTensorIsNamedAndNothingChanges) {
  Tensor first = torch::zeros({2}), second = torch::zeros({3, 4});
  save_tensors(path_, {{"first", torch::ones({2})}, {"second", torch::ones({4, 3})}});
  const Error shape = caught([&] { load_into({{"first", first}, {"second", second}}, SafetensorsFile(path_)); });
  EXPECT_THAT(shape.message(), AllOf(HasSubstr("'second'"), HasSubstr("[4, 3]"), HasSubstr("[3, 4]")));
  EXPECT_EQ(shape.file(), path_.string());
  EXPECT_EQ(first.sum().item<float>(), 0);

  const Error names = caught([&] { load_into({{"first", first}, {"third", second}}, SafetensorsFile(path_)); });
  EXPECT_THAT(names.message(), AllOf(HasSubstr("1 missing, first 'third'"), HasSubstr("1 unexpected, first 'second'")));
}

TEST_F(Weights, AnotherArchitectureIsSeenByItsNames) {
  save_backbone(path_, *small_backbone("mobilefacenet"));
  const auto target = small_backbone("ir_tiny");
  const Error error = caught([&] { load_into(state_dict(*target), SafetensorsFile(path_)); });
  EXPECT_THAT(error.message(), HasSubstr("missing, first 'input_layer.0.weight'"));
}

TEST_F(Weights, MetadataIsChecked) {
  const Error missing = caught([&] { load_backbone(model_with({{"architecture", ""}})); });
  EXPECT_THAT(missing.message(), HasSubstr("'architecture'"));
  EXPECT_THAT(missing.hint(), HasSubstr("architecture"));
  const Error unknown = caught([&] { load_backbone(model_with({{"architecture", "ir_tinny"}})); });
  EXPECT_THAT(unknown.message(), HasSubstr("ir_tinny"));
  EXPECT_THAT(unknown.hint(), HasSubstr("did you mean 'ir_tiny'"));
  EXPECT_EQ(unknown.kind(), Error::Kind::runtime);

  const std::vector<std::pair<std::string, std::string>> nonsense{{"format", "pt"},
                                                                  {"embedding_size", "16x"},
                                                                  {"embedding_size", "-1"},
                                                                  {"input", "32"},
                                                                  {"input", "32x48x3"},
                                                                  {"channel_order", "grb"},
                                                                  {"mean", "0.5,0.5"},
                                                                  {"std", "0.5,0,0.5"},
                                                                  {"flip", "none"},
                                                                  {"std", "0.5,nan,0.5"},
                                                                  {"mean", "inf,0.5,0.5"},
                                                                  {"input", "4096x4096"},
                                                                  {"embedding_size", "99999999999999999999"}};
  for (const auto& change : nonsense) {
    const Error error = caught([&] { load_backbone(model_with({change})); });
    EXPECT_EQ(error.file(), path_.string()) << change.first << " " << change.second << ": " << error.what();
  }
}

// 137 billion parameters in a file of 4 MB: refused by comparing shapes, without taking the memory.
TEST_F(Weights, MetadataCannotTakeMoreMemoryThanTheFileHolds) {
  const Error error = caught([&] { load_backbone(model_with({{"embedding_size", "65536"}, {"input", "1024x1024"}})); });
  EXPECT_THAT(error.message(), AllOf(HasSubstr("output_layer.3.weight"), HasSubstr("expected [65536, ")));
}

TEST_F(Weights, ADamagedFileIsRefused) {
  save_backbone(path_, *small_backbone());
  std::string bytes = read_text(path_);
  write_file(path_, std::string_view(bytes).substr(0, bytes.size() - 8));
  EXPECT_EQ(caught([&] { load_backbone(path_); }).file(), path_.string());
  EXPECT_EQ(caught([&] { load_backbone(folder_ / "absent.safetensors"); }).kind(), Error::Kind::runtime);
}

}  // namespace
}  // namespace facerec
