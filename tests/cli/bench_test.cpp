#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "cli/process.h"

namespace facerec::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::vector<std::string> bench(const std::vector<std::string>& more) {
  std::filesystem::create_directories(testing::TempDir() + "/bench");
  std::vector<std::string> arguments{"bench",  "train", small_config(testing::TempDir() + "/bench"),
                                     "--json", "--set", "run.device=cpu"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

double sum_of(const nlohmann::json& parts) {
  double sum = 0;
  for (const auto& [name, value] : parts.items()) sum += value.get<double>();
  return sum;
}

TEST(Bench, TellsWhatTheStepsOfATrainingTake) {
  const Outcome outcome = facerec(bench({"--steps", "4", "--warmup", "1", "--set", "train.batch_size=16"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = outcome.json();
  EXPECT_EQ(json["batch_size"], 16);
  EXPECT_EQ(json["classes"], 12);
  EXPECT_EQ(json["steps"], 4);
  const double step = json["step_seconds"];
  EXPECT_NEAR(sum_of(json["seconds"]), step, 1e-6);
  for (const char* part : {"data", "forward", "head", "backward", "optimizer"}) {
    EXPECT_GT(json["seconds"][part].get<double>(), 0) << part;
  }
  EXPECT_NEAR(json["images_per_second"].get<double>(), 16 / step, 1e-6 / step);
  const double flop = json["flop_per_image"], speed = json["flop_per_second"], peak = json["peak_flop_per_second"];
  EXPECT_NEAR(speed, flop * json["images_per_second"].get<double>(), 1e-6 * speed);
  EXPECT_NEAR(json["share_of_peak"].get<double>(), speed / peak, 1e-9);
  EXPECT_THAT(json["peak_from"], HasSubstr("measured"));
  EXPECT_GT(json["memory"]["peak"].get<double>(), 0);
  EXPECT_NEAR(sum_of(json["memory"]["plan"]["items"]), json["memory"]["plan"]["total"].get<double>(), 0.5);
}

TEST(Bench, MeasuresWhatProcessesWaitForOneAnother) {
  const Outcome outcome =
      facerec(bench({"--steps", "4", "--warmup", "1", "--set", "train.batch_size=16", "--nproc", "2"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = outcome.json();  // of the first process alone
  EXPECT_EQ(json["processes"], 2);
  EXPECT_EQ(json["batch_size"], 16);
  EXPECT_GT(json["seconds"]["communication"].get<double>(), 0);
  EXPECT_NEAR(sum_of(json["seconds"]), json["step_seconds"].get<double>(), 1e-6);
  EXPECT_NEAR(json["images_per_second"].get<double>() * json["step_seconds"].get<double>(), 16, 1e-6);
}

TEST(Bench, NeedsNoData) {
  const std::string config = testing::TempDir() + "/bench_without_data.yaml";
  std::ofstream(config) << "model: {name: ir_tiny, embedding_size: 16, input: [32, 32]}\ntrain: {batch_size: 8, "
                           "precision: fp32, memory_format: channels_first}\n"
                           "run: {device: cpu}\n";
  const Outcome outcome = facerec(
      {"bench", "train", config, "--classes", "50", "--steps", "2", "--warmup", "0", "--set", "train.accumulate=2"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("images/s"), HasSubstr("backward"), HasSubstr("TFLOP/s"),
                                 HasSubstr("activations"), HasSubstr("50 identities")));
}

TEST(Bench, FindsTheLargestBatchOfTheData) {
  const Outcome outcome = facerec(bench({"--steps", "1", "--warmup", "0", "--find-batch-size"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = outcome.json();
  EXPECT_EQ(json["batch_size"], 96);  // of 96 images
  EXPECT_EQ(json["batch_sizes"].front()["batch_size"], 8);
  EXPECT_EQ(json["batch_sizes"].back()["batch_size"], 96);
}

TEST(Bench, RefusesWhatCannotFitAndNamesTheKnob) {
  const std::string config = testing::TempDir() + "/bench_large.yaml";
  std::ofstream(config) << "model: {name: ir_tiny, embedding_size: 512, input: [32, 32]}\ntrain: {batch_size: 8, "
                           "precision: fp32, memory_format: channels_first}\n"
                           "run: {device: cpu}\n";
  const Outcome outcome = facerec({"bench", "train", config, "--classes", "1000000000"});
  EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("would need"), HasSubstr("head"), HasSubstr("processes")));
  EXPECT_LE(outcome.seconds, 20);
}

TEST(Bench, WantsToKnowWhatIsMeasured) {
  EXPECT_EQ(facerec({"bench"}).exit_code, 2);
  const Outcome help = facerec({"bench", "train", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("Example:\n  facerec bench train"));
}

}  // namespace
}  // namespace facerec::test
