#include <gmock/gmock.h>

#include <cmath>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;

// A model that was trained for a step, and what it becomes.
class Export : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    const Outcome trained = facerec({"train", small_config(folder_->path()), "--set", "train.max_steps=1", "--json"});
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    run_ = trained.json().at("run");
  }
  static void TearDownTestSuite() { delete folder_; }
  static std::string file(const std::string& name) { return *folder_ / name; }

  static nlohmann::json result_of(const std::string& model) {
    const Outcome outcome = facerec({"eval", "--model", model, "--data", small_faces() + "/eval", "--json"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.json().at("results").at(0);
  }

  static inline TemporaryFolder* folder_ = nullptr;
  static inline std::string run_;
};

TEST_F(Export, EveryFormatScoresAsTheRunDoes) {
  const auto before = result_of(run_);
  for (const std::string name : {"m.safetensors", "m.pth", "m.onnx", "folded.onnx"}) {
    std::vector<std::string> arguments{"export", run_, file(name), "--json"};
    if (name == "folded.onnx") arguments.emplace_back("--fold-batch-norm");
    const Outcome outcome = facerec(arguments);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.json().at("architecture"), "ir_tiny");
    EXPECT_GT(outcome.json().at("parameters").get<int64_t>(), 0);
    const auto after = result_of(file(name));
    EXPECT_EQ(after.at("accuracy").at("mean"), before.at("accuracy").at("mean")) << name;
    EXPECT_NEAR(after.at("threshold").at("cosine").get<double>(), before.at("threshold").at("cosine").get<double>(),
                1e-4)
        << name;
  }
}

TEST_F(Export, KeepsWhatItKnowsOfPreparingImages) {
  for (const char* name : {"bgr.onnx", "bgr.pth", "bgr.safetensors"}) {
    ASSERT_EQ(facerec({"export", run_, file(name), "--preprocess", "bgr"}).exit_code, 0);
    const Outcome outcome = facerec({"info", file(name), "--json"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.json().at("preprocessing").at("channel_order"), "bgr") << name;
    EXPECT_EQ(outcome.json().at("architecture"), "ir_tiny") << name;
  }
}

TEST_F(Export, RefusesOptionsOfAnotherFormat) {
  EXPECT_EQ(facerec({"export", run_, file("f.pth"), "--fold-batch-norm"}).exit_code, 2);
  ASSERT_EQ(facerec({"export", run_, file("own.safetensors")}).exit_code, 0);
  const Outcome other = facerec({"info", file("own.safetensors"), "--arch", "ir_50"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("holds the architecture 'ir_tiny', not 'ir_50'"));
}

TEST_F(Export, OverwritesNothingByAccident) {
  const std::string out = file("once.pth");
  ASSERT_EQ(facerec({"export", run_, out}).exit_code, 0);
  const Outcome again = facerec({"export", run_, out});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("--force"));
  EXPECT_EQ(facerec({"export", run_, out, "--force"}).exit_code, 0);
}

TEST_F(Export, RefusesAnEndingThatItDoesNotWrite) {
  const Outcome outcome = facerec({"export", run_, file("m.tflite")});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(".safetensors, .pth or .onnx"));
}

// The published network: both of its files, and what is made of them, give the published accuracy.
TEST(PublishedWeights, GiveThePublishedAccuracyInEveryForm) {
  FACEREC_NEEDS_TEST_DATA();
  const TemporaryFolder folder;
  const fs::path weights = test_data() / "data" / "weights";
  const std::string onnx = folder / "m.onnx", pth = folder / "m.pth";
  ASSERT_EQ(facerec({"export", weights / "mobilefacenet_foamliu.pt", onnx}).exit_code, 0);
  ASSERT_EQ(facerec({"export", weights / "mobilefacenet_foamliu.pt", pth}).exit_code, 0);
  const auto expected = load_json(test_data() / "reference" / "evaluation" / "lfw_fold1_expected.json")
                            .at("variants")
                            .at("flip_sum")
                            .at("arcface_torch");
  std::vector<std::string> arguments{"eval",
                                     "--data",
                                     test_data() / "data" / "lfw_fold1_aligned",
                                     "--pairs",
                                     test_data() / "data" / "pairs_fold1.txt",
                                     "--json"};
  for (const std::string& model : {std::string(weights / "mobilefacenet_foamliu.pt"),
                                   std::string(weights / "MobileFaceNet_foamliu.onnx"), onnx, pth}) {
    arguments.insert(arguments.end(), {"--model", model});
  }
  const Outcome outcome = facerec(arguments);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json results = outcome.json().at("results");
  ASSERT_EQ(results.size(), 4U);
  for (const auto& result : results) {
    EXPECT_NEAR(result.at("accuracy").at("mean").get<double>(), expected.at("accuracy_mean").get<double>(), 1.01 / 600);
    EXPECT_NEAR(result.at("auc").get<double>(), 0.999678, 1.1e-5);
  }
}

}  // namespace
}  // namespace facerec::test
