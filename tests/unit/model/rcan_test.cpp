#include "model/rcan.h"

#include <gtest/gtest.h>

#include "facerec/core/error.h"
#include "facerec/core/random.h"
#include "golden.h"

namespace facerec {
namespace {

using test::read;

const fs::path golden_folder = fs::path(FACEREC_SOURCE_DIR) / "tests" / "golden";

NamedTensors weights_of(const SafetensorsFile& golden) {
  NamedTensors weights;
  for (const auto& [name, view] : golden.tensors()) {
    if (name.starts_with("weights.")) weights.emplace_back(name.substr(8), read(golden, name));
  }
  return weights;
}

class RcanFile : public testing::Test {
 protected:
  std::shared_ptr<SuperResolutionNetwork> load(const NamedTensors& weights) const {
    save_tensors(file_, weights);
    return load_super_resolution(open_tensor_file(file_));
  }

  std::string error_of(const NamedTensors& weights) const {
    try {
      load(weights);
    } catch (const Error& error) {
      EXPECT_EQ(error.file(), file_.string());
      return error.message();
    }
    return "none";
  }

  // The ×2 network, with one tensor in place of another.
  std::string error_with(const std::string& name, const torch::Tensor& tensor) const {
    NamedTensors changed;
    for (const auto& [key, value] : small_) {
      if (key != name) changed.emplace_back(key, value);
    }
    if (tensor.defined()) changed.emplace_back(name, tensor);
    return error_of(changed);
  }

  const test::TemporaryFolder folder_;
  const fs::path file_ = folder_.path() / "network.safetensors";
  const NamedTensors small_ = weights_of(SafetensorsFile(golden_folder / "rcan_x2.safetensors"));
};

TEST_F(RcanFile, GivesWhatPyTorchGives) {
  for (const int64_t scale : {2, 3}) {
    const SafetensorsFile golden(golden_folder / ("rcan_x" + std::to_string(scale) + ".safetensors"));
    const auto loaded = load(weights_of(golden));
    EXPECT_EQ(loaded->title(), "RCAN");
    EXPECT_EQ(loaded->scale(), scale);
    const torch::NoGradGuard without_gradient;
    const torch::Tensor output = loaded->forward(read(golden, "input"));
    EXPECT_LT(test::relative_difference(output, read(golden, "output")), 1e-5) << "x" << scale;
  }
}

// Zhang et al. and those who compare with them give 15.44, 15.63 and 15.59 million for ×2, ×3 and ×4.
TEST(Rcan, HasThePublishedSize) {
  const std::pair<int64_t, int64_t> published[] = {{2, 15'444'667}, {3, 15'629'307}, {4, 15'592'379}, {8, 15'740'091}};
  for (const auto& [scale, parameters] : published) {
    EXPECT_EQ(count_parameters(*make_rcan({.scale = scale}, torch::kMeta)), parameters) << "x" << scale;
  }
}

// The published initialisation: a network of zero weights in the middle would return the mean of DIV2K.
TEST(Rcan, BeginsAsPublished) {
  const auto network = make_rcan({.groups = 1, .blocks = 1, .features = 8, .attention = 2, .scale = 2});
  network->initialise();
  const auto parameters = network->named_parameters();
  EXPECT_TRUE(torch::equal(parameters["sub_mean.weight"].flatten(1), torch::eye(3)));
  const torch::Tensor mean = torch::tensor({114.444, 111.4605, 103.02});
  EXPECT_TRUE(torch::allclose(parameters["add_mean.bias"], mean.to(torch::kFloat32)));
  EXPECT_TRUE(torch::allclose(parameters["sub_mean.bias"], -mean.to(torch::kFloat32)));
  for (const auto& parameter : parameters) {
    EXPECT_EQ(parameter.value().requires_grad(), parameter.key().find("_mean.") == std::string::npos);
  }
}

TEST_F(RcanFile, IsReadUnderAWrappersPrefix) {
  NamedTensors wrapped;
  for (const auto& [name, tensor] : small_) wrapped.emplace_back("module." + name, tensor);
  EXPECT_EQ(load(wrapped)->scale(), 2);
}

TEST_F(RcanFile, NeedsEveryTensor) {
  EXPECT_EQ(error_with("body.1.body.2.bias", {}),
            "does not hold the tensors that belong here; 1 missing, first 'body.1.body.2.bias'");
  EXPECT_NE(error_with("body.1.body.1.body.0.weight", {}).find("1 missing"), std::string::npos);
  EXPECT_NE(error_with("head.0.weight", {}).find("0 features"), std::string::npos);
  EXPECT_NE(error_with("tail.0.0.weight", {}).find("scale"), std::string::npos);
  EXPECT_NE(error_with(rcan_mark, {}).find("no network of super-resolution"), std::string::npos);
}

TEST_F(RcanFile, IsRefusedForEveryTensorThatIsMissingOrReshaped) {
  for (const auto& [name, tensor] : small_) {
    EXPECT_NE(error_with(name, {}), "none") << name;
    EXPECT_NE(error_with(name, tensor.unsqueeze(0)), "none") << name;
  }
}

// A byte of the names, types, shapes and places is another: the network loads, or an Error says why it does not.
TEST_F(RcanFile, SurvivesADamagedHeader) {
  save_tensors(file_, small_);
  const std::string whole = read_text(file_);
  Random random("damage", {1});
  int loaded = 0;
  for (int i = 0; i < 300; ++i) {
    std::string damaged = whole;
    damaged[random.below(4700)] = static_cast<char>(random.below(256));
    write_file(file_, damaged);
    try {
      load_super_resolution(open_tensor_file(file_));
      ++loaded;
    } catch (const Error& error) {
      EXPECT_FALSE(error.message().empty());
    }
  }
  EXPECT_LT(loaded, 300);
}

TEST_F(RcanFile, RefusesOtherShapesBeforeMemoryIsTaken) {
  EXPECT_NE(error_with("tail.1.weight", torch::zeros({1, 8, 3, 3})).find("expected [3, 8, 3, 3]"), std::string::npos);
  EXPECT_NE(error_with("body.2.weight", torch::zeros({8, 8, 5, 5})).find("expected [8, 8, 3, 3]"), std::string::npos);
  EXPECT_NE(error_with("sub_mean.bias", torch::zeros({3}, torch::kInt32)).find("type I32"), std::string::npos);
  EXPECT_NE(error_with("head.0.weight", torch::zeros({int64_t{1} << 40, 0})).find("which cannot be"),
            std::string::npos);
  EXPECT_NE(error_with(rcan_mark, torch::zeros({9, 8, 1, 1})).find("which cannot be"), std::string::npos);
}

TEST_F(RcanFile, RefusesAScaleThatIsNoneOfThePublished) {
  NamedTensors huge = small_;
  for (int step = 1; step < 12; ++step) {
    const std::string name = "tail.0." + std::to_string(2 * step);
    huge.emplace_back(name + ".weight", torch::zeros({32, 8, 3, 3}));
    huge.emplace_back(name + ".bias", torch::zeros({32}));
  }
  EXPECT_EQ(error_of(huge), "is an RCAN whose scale is none of 2, 3, 4 and 8");
  EXPECT_NE(error_with("tail.0.0.weight", torch::zeros({200, 8, 3, 3})).find("scale"), std::string::npos);
}

}  // namespace
}  // namespace facerec
