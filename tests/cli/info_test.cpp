#include <gmock/gmock.h>

#include <fstream>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

fs::path weights() { return test_data() / "data" / "weights"; }
fs::path checkpoints() { return test_data() / "reference" / "numerics" / "checkpoints"; }

TEST(Info, TellsAPublishedCheckpointAndHowToUseIt) {
  FACEREC_NEEDS_TEST_DATA();
  const std::string file = weights() / "mobilefacenet_foamliu.pt";
  const Outcome outcome = facerec({"info", file, "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = outcome.json();
  EXPECT_EQ(json.at("kind"), "checkpoint");
  EXPECT_EQ(json.at("format"), "pytorch_legacy");
  EXPECT_EQ(json.at("architecture"), "mobilefacenet_foamliu");
  EXPECT_EQ(json.at("parameters"), 999936);
  EXPECT_EQ(json.at("embedding_size"), 128);
  EXPECT_EQ(json.at("preprocessing").at("channel_order"), "rgb");
  EXPECT_NEAR(json.at("preprocessing").at("mean").at(0).get<double>(), 0.485, 1e-6);
  EXPECT_EQ(json.at("terms"), "Apache-2.0");
  EXPECT_TRUE(json.at("warnings").empty());

  const Outcome text = facerec({"info", file, "--tensors"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, HasSubstr("999,936"));
  EXPECT_THAT(text.out, HasSubstr("gdconv.depthwise.weight"));
}

TEST(Info, TellsAnOnnxFileByTheShapesOfItsWeights) {
  FACEREC_NEEDS_TEST_DATA();
  const Outcome outcome = facerec({"info", weights() / "MobileFaceNet_foamliu.onnx", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("format"), "onnx");
  EXPECT_EQ(outcome.json().at("architecture"), "mobilefacenet_foamliu");
  EXPECT_EQ(outcome.json().at("embedding_size"), 128);
  EXPECT_NEAR(outcome.json().at("preprocessing").at("std").at(2).get<double>(), 0.225, 1e-6);
}

TEST(Info, ShowsWhatIsInEveryCheckpointThatItDoesNotKnow) {
  FACEREC_NEEDS_TEST_DATA();
  const auto expected = load_json(checkpoints() / "expected.json");
  for (const auto& [name, entry] : expected.items()) {
    if (name == "zip_rare_dtypes.pth") continue;
    const Outcome outcome = facerec({"info", checkpoints() / name, "--json"});
    ASSERT_EQ(outcome.exit_code, 0) << name << outcome.err;
    EXPECT_TRUE(outcome.json().at("architecture").is_null()) << name;
    EXPECT_GE(outcome.json().at("groups").size(), 1U) << name;
  }
}

TEST(Info, NamesTheFileThatIsNoCheckpoint) {
  FACEREC_NEEDS_TEST_DATA();
  for (const char* name : {"html_download.pth", "lfs_pointer.pth", "empty_file.pth", "reduce_posix_system.pth",
                           "truncated_zip.pth", "st_overlap.safetensors"}) {
    const Outcome outcome = facerec({"info", checkpoints() / "bad" / name});
    EXPECT_EQ(outcome.exit_code, 1) << name;
    EXPECT_THAT(outcome.err, HasSubstr(name));
    EXPECT_FALSE(fs::exists("/tmp/PWNED_FACEREC"));
  }
  EXPECT_EQ(facerec({"info", "/nowhere"}).exit_code, 2);
}

TEST(Info, DetectorsAreCheckpointsOfUnknownNetworks) {
  FACEREC_NEEDS_TEST_DATA();
  for (const char* name : {"retinaface/mobilenet0.25_Final.pth", "mtcnn/onet.pt", "yunet/yunet_s.pth",
                           "ultralight/version-RFB-320.pth", "yunet/face_detection_yunet_2023mar.onnx"}) {
    const Outcome outcome = facerec({"info", weights() / name});
    EXPECT_EQ(outcome.exit_code, 0) << name << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("none that facerec knows")) << name;
  }
}

TEST(Info, TellsADataSet) {
  const Outcome outcome = facerec({"info", small_faces() + "/eval", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("kind"), "dataset");
  EXPECT_EQ(outcome.json().at("pairs"), 40);
  EXPECT_EQ(outcome.json().at("same"), 20);
}

TEST(Info, TellsARun) {
  const TemporaryFolder folder;
  const Outcome trained = facerec({"train", small_config(folder.path()), "--set", "train.max_steps=1", "--json"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const Outcome outcome = facerec({"info", trained.json().at("run"), "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("kind"), "run");
  EXPECT_EQ(outcome.json().at("architecture"), "ir_tiny");
  EXPECT_EQ(outcome.json().at("publisher"), "facerec");
  EXPECT_EQ(outcome.json().at("checkpoints"), nlohmann::json::array({1}));
}

}  // namespace
}  // namespace facerec::test
