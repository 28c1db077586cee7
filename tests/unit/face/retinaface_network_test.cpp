#include "face/retinaface_network.h"

#include "face/priors.h"
#include "facerec/core/error.h"
#include "facerec/model/weights.h"
#include "network_golden.h"

namespace facerec {
namespace {

using test::expect_close;
using test::weights;

// With BatchNorm folded in, fp32 rounds elsewhere: computed in double, the network is up to 5e-6 beside the peer's
// fp32.
constexpr double absolute = 2e-5;

class RetinaFaceNetwork : public testing::TestWithParam<std::pair<std::string, double>> {};

TEST_P(RetinaFaceNetwork, AnswersAsThePeerStageByStage) {
  FACEREC_NEEDS_TEST_DATA();
  const torch::InferenceMode inference;
  const auto& [input, relative] = GetParam();
  const test::NetworkGolden golden("network_io_retinaface_mnet025.safetensors");
  const retinaface::Network network(DetectorWeights(weights("retinaface/mobilenet0.25_Final.pth")),
                                    retinaface::Backbone::mobilenet025, torch::kCPU);
  const auto stages = network.body(golden[input + ".input"]);
  const auto levels = network.pyramid(stages);
  const auto features = network.context(levels);
  for (size_t i = 0; i < 3; ++i) {
    const std::string number = std::to_string(i + 1);
    expect_close(stages[i], golden[input + ".layer.body.stage" + number], relative, "stage " + number, absolute);
    expect_close(levels[i], golden[input + ".layer.fpn." + std::to_string(i)], relative, "level " + number, absolute);
    expect_close(features[i], golden[input + ".layer.ssh" + number], relative, "context " + number, absolute);
  }
  const retinaface::Output output = network.forward(golden[input + ".input"]);
  expect_close(output.loc, golden[input + ".output.loc"], relative, "loc");
  expect_close(output.score, golden[input + ".output.conf"].select(2, 1), relative, "conf");
  expect_close(output.landmarks, golden[input + ".output.landm"], relative, "landm");
}

INSTANTIATE_TEST_SUITE_P(Inputs, RetinaFaceNetwork,
                         testing::Values(std::pair("a", 1e-4), std::pair("b", 1e-3)),  // b: values of up to 100
                         [](const auto& test) { return test.param.first; });

TEST(RetinaFacePriors, AreThoseOfThePeer) {
  FACEREC_NEEDS_TEST_DATA();
  const test::NetworkGolden golden("network_io_retinaface_mnet025.safetensors");
  for (const auto& [name, width, height] : {std::tuple("a", 128, 96), {"b", 101, 75}}) {
    const torch::Tensor expected = golden[std::string(name) + ".priors"];
    const std::vector<Prior> priors = priors_of(width, height);
    ASSERT_EQ(static_cast<int64_t>(priors.size()), expected.size(0));
    for (size_t i = 0; i < priors.size(); ++i) {
      const torch::Tensor row = expected[static_cast<int64_t>(i)];
      EXPECT_NEAR(priors[i].x, row[0].item<double>() * width, 1e-4);
      EXPECT_NEAR(priors[i].y, row[1].item<double>() * height, 1e-4);
      EXPECT_NEAR(priors[i].side, row[2].item<double>() * width, 1e-4);
    }
  }
}

// No weights of it are published at a fixed address: the file of keys and shapes (torchvision 0.28's resnet50 below the
// peer's modules) is filled by a formula, and so was the peer's, whose answers in double stand in tests/golden.
TEST(RetinaFaceResnet50, AnswersAsThePeerFromTheSameKeys) {
  const torch::InferenceMode inference;
  const SafetensorsFile golden(fs::path(FACEREC_SOURCE_DIR) / "tests" / "golden" / "retinaface_resnet50.safetensors");
  const nlohmann::ordered_json keys = nlohmann::ordered_json::parse(golden.metadata().at("keys"));
  ASSERT_EQ(keys.size(), 456);
  NamedTensors filled;
  for (const auto& [key, shape] : keys.items()) {
    const auto number = static_cast<double>(filled.size());
    filled.emplace_back(key, test::filled(key, shape.get<std::vector<int64_t>>(), number));
  }
  const test::TemporaryFolder folder;
  save_tensors(folder / "Resnet50_Final.safetensors", filled);
  const retinaface::Network network(DetectorWeights(folder / "Resnet50_Final.safetensors"),
                                    retinaface::Backbone::resnet50, torch::kCPU);
  const torch::Tensor index = torch::arange(3 * 72 * 104, torch::kFloat64);
  const torch::Tensor input = (100 * (0.001 * index).sin()).to(torch::kFloat32).view({1, 3, 72, 104});
  const retinaface::Output output = network.forward(input);
  expect_close(output.loc, tensor_of(golden.at("loc")), 1e-3, "loc", 1e-3);
  expect_close(output.score, tensor_of(golden.at("conf")).select(2, 1), 1e-3, "conf", 1e-3);
  expect_close(output.landmarks, tensor_of(golden.at("landm")), 1e-3, "landm", 1e-3);
}

TEST(RetinaFaceWeights, OfAnotherBackboneAreRefused) {
  FACEREC_NEEDS_TEST_DATA();
  EXPECT_THROW(retinaface::Network(DetectorWeights(weights("retinaface/mobilenet0.25_Final.pth")),
                                   retinaface::Backbone::resnet50, torch::kCPU),
               Error);
}

}  // namespace
}  // namespace facerec
