#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>
#include <cstring>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "cli/process.h"
#include "facerec/io/safetensors.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

fs::path only_run(const fs::path& folder) {
  std::vector<fs::path> runs;
  for (const auto& entry : fs::directory_iterator(folder / "runs")) runs.push_back(entry.path());
  EXPECT_EQ(runs.size(), 1U);
  return runs.at(0);
}

// The same names, shapes and bits; metadata holds the configuration, whose folders differ.
void expect_equal_tensors(const fs::path& a, const fs::path& b) {
  const SafetensorsFile x(a), y(b);
  ASSERT_EQ(x.tensors().size(), y.tensors().size());
  for (const auto& [name, view] : x.tensors()) {
    const TensorView& other = y.at(name);
    ASSERT_EQ(view.shape, other.shape) << name;
    ASSERT_EQ(std::memcmp(view.bytes.data(), other.bytes.data(), view.bytes.size()), 0) << name;
  }
}

void expect_equal_checkpoints(const fs::path& a, const fs::path& b) {
  for (const char* file :
       {"backbone.safetensors", "head-00000-of-00001.safetensors", "optimizer-00000-of-00001.safetensors"}) {
    expect_equal_tensors(a / file, b / file);
  }
}

// On CPUs a recorded step is a plain one; the trials of memory and speed take batches of other sizes.
// A flag's value is not read as YAML, in which '#' begins a comment.
TEST(Train, ANameIsTakenAsItIsWritten) {
  const TemporaryFolder folder;
  const Outcome outcome =
      facerec({"train", small_config(folder.path()), "--name", "a: b #2", "--print-config", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("run").at("name"), "a: b #2");
  const Outcome wrong = facerec({"train", small_config(folder.path()), "--threads", "many", "--print-config"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--threads many"));
}

TEST(Train, WithRecordedStepsLearnsTheSame) {
  const TemporaryFolder folder;
  const std::string config = small_config(folder.path());
  const auto loss_with = [&](const std::string& recorded, const std::string& format) {
    const Outcome outcome = facerec({"train", config, "--json", "--set", "train.cuda_graph=" + recorded, "--set",
                                     "train.max_steps=5", "--set", "train.memory_format=" + format});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.json().at("final_loss").get<double>();
  };
  EXPECT_EQ(loss_with("true", "channels_first"), loss_with("false", "channels_first"));
  EXPECT_GT(loss_with("true", "auto"), 0);
}

TEST(Train, ResumedWithOtherDataIsRefused) {
  const TemporaryFolder folder;
  const std::string config = small_config(folder.path()), faces = folder / "faces";
  fs::copy(small_faces() + "/train", faces, fs::copy_options::recursive);
  const Outcome outcome = facerec({"train", config, "--data", faces, "--json", "--set", "train.max_steps=4"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const fs::path known = *fs::directory_iterator(faces + "/id00001");
  for (int i = 0; i < 40; ++i) fs::copy_file(known, fmt::format("{}/id00001/more{}.jpg", faces, i));
  const Outcome other = facerec({"train", config, "--data", faces, "--resume", outcome.json().at("run")});
  EXPECT_EQ(other.exit_code, 2) << other.err;
  EXPECT_THAT(other.err, HasSubstr("it is not the data of the run"));
}

TEST(Train, WritesARunAndAnswersInJson) {
  const TemporaryFolder folder;
  const Outcome outcome = facerec({"train", small_config(folder.path()), "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = outcome.json();
  EXPECT_EQ(json.at("steps"), 18);
  EXPECT_GT(json.at("final_loss"), 0);
  EXPECT_GT(json.at("best").at("mean_accuracy"), 0.3);
  EXPECT_EQ(json.at("evaluation").at("results").at(0).at("pairs"), 40);
  const fs::path run = json.at("run").get<std::string>();
  for (const char* name :
       {"config.yaml", "train.log", "metrics.jsonl", "evaluation.json", "evaluation.txt", "best/backbone.safetensors",
        "checkpoints/step_00000018/state.json", "checkpoints/step_00000016/state.json"}) {
    EXPECT_TRUE(fs::exists(run / name)) << name;
  }
  EXPECT_FALSE(fs::exists(run / "checkpoints/step_00000012")) << "only two are kept";
  std::istringstream metrics(read_text(run / "metrics.jsonl"));
  std::map<std::string, int> told;
  for (std::string line; std::getline(metrics, line);) {
    const auto event = nlohmann::json::parse(line);
    for (const char* kind : {"loss", "validation", "checkpoint"}) told[kind] += event.contains(kind) ? 1 : 0;
    EXPECT_GT(event.value(nlohmann::json::json_pointer("/checkpoint/stall_seconds"), 1.0), 0);
  }
  EXPECT_EQ(told, (std::map<std::string, int>{{"loss", 18}, {"validation", 2}, {"checkpoint", 6}}));
  EXPECT_EQ(facerec({"train", run / "config.yaml", "--print-config"}).out, read_text(run / "config.yaml"));
}

TEST(Train, TheSameSeedGivesTheSameBits) {
  const TemporaryFolder a, b;
  for (const TemporaryFolder* folder : {&a, &b}) {
    ASSERT_EQ(facerec({"train", small_config(folder->path()), "--set", "train.max_steps=6", "--set",
                       folder == &a ? "data.workers=1" : "data.workers=4"})
                  .exit_code,
              0);
  }
  expect_equal_checkpoints(only_run(a.path()) / "checkpoints/step_00000006",
                           only_run(b.path()) / "checkpoints/step_00000006");
}

TEST(Train, AnotherSeedGivesOtherWeights) {
  const TemporaryFolder a, b;
  for (const TemporaryFolder* folder : {&a, &b}) {
    ASSERT_EQ(facerec({"train", small_config(folder->path()), "--set", "train.max_steps=1", "--set",
                       folder == &a ? "run.seed=1" : "run.seed=2"})
                  .exit_code,
              0);
  }
  EXPECT_NE(read_text(only_run(a.path()) / "best/backbone.safetensors"),
            read_text(only_run(b.path()) / "best/backbone.safetensors"));
}

// Checkpoints below any run of the folder.
size_t count_checkpoints(const fs::path& folder) {
  size_t count = 0;
  std::error_code ignored;
  for (const auto& run : fs::directory_iterator(folder / "runs", ignored)) {
    for (const auto& entry : fs::directory_iterator(run.path() / "checkpoints", ignored)) {
      if (entry.path().filename().string().starts_with("step_")) ++count;
    }
  }
  return count;
}

// Kills a training after its first checkpoint, at a moment that the seed draws.
void kill_in_training(const std::vector<std::string>& arguments, const fs::path& folder, std::minstd_rand& random) {
  Process process(arguments);
  for (int i = 0; i < 600 && count_checkpoints(folder) == 0; ++i) std::this_thread::sleep_for(20ms);
  std::this_thread::sleep_for(std::chrono::milliseconds(700 + random() % 600));
  process.send(SIGKILL);
  process.wait();
}

void expect_same_bits_after_kills(const std::string& more) {
  const TemporaryFolder whole, killed;
  const std::vector<std::string> longer{"--set", "train.epochs=15"};
  std::vector<std::string> arguments{"train", small_config(whole.path(), more)};
  arguments.insert(arguments.end(), longer.begin(), longer.end());
  const Outcome uninterrupted = facerec(arguments);
  ASSERT_EQ(uninterrupted.exit_code, 0) << uninterrupted.err;

  arguments = {"train", small_config(killed.path(), more), "--resume", "auto"};
  arguments.insert(arguments.end(), longer.begin(), longer.end());
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("kills drawn from seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  for (int kill = 0; kill < 3; ++kill) kill_in_training(arguments, killed.path(), random);
  const Outcome last = facerec(arguments);
  ASSERT_EQ(last.exit_code, 0) << last.err;
  EXPECT_THAT(last.err, HasSubstr("continues at step"));
  const fs::path a = only_run(whole.path()), b = only_run(killed.path());
  expect_equal_checkpoints(a / "best", b / "best");
  for (const auto& entry : fs::directory_iterator(a / "checkpoints")) {
    expect_equal_checkpoints(entry.path(), b / "checkpoints" / entry.path().filename());
  }
}

TEST(Train, KilledAnywhereAndResumedEndsInTheSameBits) {
  expect_same_bits_after_kills("optimizer: {name: sgd, nesterov: true}\n");
}

TEST(Train, AdamWKilledAndResumedEndsInTheSameBits) {
  expect_same_bits_after_kills("optimizer: {name: adamw, lr: 1e-3}\n");
}

TEST(Train, Bf16AndAMeasuredMemoryFormatWork) {
  const TemporaryFolder folder;
  const Outcome outcome = facerec({"train", small_config(folder.path()), "--set", "train.precision=bf16", "--set",
                                   "train.memory_format=auto", "--set", "train.max_steps=4", "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("memory format: channels_first"));
  EXPECT_THAT(outcome.err, HasSubstr("bf16"));
}

TEST(Train, ARunIsResumedByItsFolder) {
  const TemporaryFolder folder;
  const std::string config = small_config(folder.path());
  ASSERT_EQ(facerec({"train", config, "--set", "train.max_steps=4"}).exit_code, 0);
  const std::string run = only_run(folder.path());
  const Outcome outcome = facerec({"train", config, "--set", "train.max_steps=6", "--resume", run, "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("run"), run);
  EXPECT_EQ(outcome.json().at("steps"), 6);
  EXPECT_EQ(facerec({"train", config, "--resume", folder / "absent"}).exit_code, 2);
}

TEST(Train, SigtermSavesAndExitsWith143) {
  const TemporaryFolder folder;
  const std::string config = small_config(folder.path());
  Process process(
      {"train", config, "--set", "train.epochs=100000", "--set", "checkpoint.every_steps=100000000", "--json"});
  const fs::path runs = folder / "runs";
  for (int i = 0; i < 600; ++i) {
    std::this_thread::sleep_for(100ms);
    if (!fs::exists(runs) || fs::is_empty(runs)) continue;
    const fs::path metrics = only_run(folder.path()) / "metrics.jsonl";
    if (fs::exists(metrics) && fs::file_size(metrics) > 500) break;
  }
  process.send(SIGTERM);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.exit_code, 128 + SIGTERM) << outcome.err;
  EXPECT_EQ(outcome.json().at("signal"), SIGTERM);
  const auto step = outcome.json().at("steps").get<int>();
  EXPECT_GT(step, 0);
  const Outcome resumed =
      facerec({"train", config, "--set", "train.epochs=100000", "--set", "checkpoint.every_steps=100000000", "--set",
               "train.max_steps=" + std::to_string(step + 1), "--resume", "auto", "--json"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("continues at step " + std::to_string(step)));
}

TEST(Train, ResumeRefusesAnotherConfigurationAndShowsTheDifference) {
  const TemporaryFolder folder;
  const std::string config = small_config(folder.path());
  ASSERT_EQ(facerec({"train", config, "--set", "train.max_steps=1"}).exit_code, 0);
  const Outcome outcome = facerec({"train", config, "--resume", "auto", "--set", "optimizer.lr=0.3"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("optimizer.lr: 0.1 there, 0.3 now"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("max_steps")));
}

TEST(Train, ADamagedCheckpointIsLeftOutForTheOneBefore) {
  const TemporaryFolder folder;
  const std::string config = small_config(folder.path());
  ASSERT_EQ(facerec({"train", config, "--set", "train.max_steps=8"}).exit_code, 0);
  const fs::path newest = only_run(folder.path()) / "checkpoints/step_00000008/backbone.safetensors";
  fs::resize_file(newest, fs::file_size(newest) / 2);
  const Outcome outcome = facerec({"train", config, "--set", "train.max_steps=9", "--resume", "auto"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("is left out"));
  EXPECT_THAT(outcome.err, HasSubstr("continues at step 4"));
}

TEST(Train, AccumulatedHalvesAreDeterministicToo) {
  const TemporaryFolder folder;
  const Outcome outcome = facerec({"train", small_config(folder.path()), "--set", "train.accumulate=2", "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("steps"), 9);
}

TEST(Finetune, StartsFromAModelWithAnotherHeadAndComparesBeforeAndAfter) {
  const TemporaryFolder folder;
  const std::string config = small_config(folder.path());
  ASSERT_EQ(facerec({"train", config, "--set", "train.max_steps=4"}).exit_code, 0);
  const std::string base = only_run(folder.path());
  const std::string other = folder / "other";
  ASSERT_EQ(facerec({"synth", other, "--identities", "5", "--images-per-identity", "8", "--size", "32", "--seed", "9",
                     "--pairs", "40"})
                .exit_code,
            0);
  const std::string recipe = folder / "tune.yaml";
  write_file(recipe,
             "train: {epochs: 2, batch_size: 8, precision: fp32, freeze: [input_layer, body.0], head_warmup_steps: 2}\n"
             "optimizer: {lr: 0.01, backbone_lr_factor: 0.1}\n"
             "validation: {data: [{name: old, path: " +
                 small_faces() + "/eval}, {name: new, path: " + other +
                 "/eval}]}\n"
                 "run: {dir: " +
                 folder.path().string() + "/tuned, device: cpu}\n");
  const Outcome printed =
      facerec({"finetune", recipe, "--from", base, "--set", "model.dropout=0.3", "--print-config", "--json"});
  EXPECT_EQ(printed.json().at("model").at("name"), "ir_tiny");
  EXPECT_EQ(printed.json().at("model").at("embedding_size"), 16);
  EXPECT_EQ(printed.json().at("model").at("dropout"), 0.3);
  const Outcome outcome = facerec({"finetune", recipe, "--from", base, "--data", other + "/train", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto evaluation = outcome.json().at("evaluation");
  EXPECT_EQ(evaluation.at("models").at(0).at("label"), "before");
  EXPECT_EQ(evaluation.at("models").at(1).at("label"), "after");
  EXPECT_EQ(evaluation.at("results").size(), 4U);
  // What was frozen is as it was, running statistics included; the rest has moved.
  const SafetensorsFile before(fs::path(base) / "best/backbone.safetensors");
  const SafetensorsFile after(fs::path(outcome.json().at("run").get<std::string>()) / "best/backbone.safetensors");
  int moved = 0;
  for (const auto& [name, view] : before.tensors()) {
    const bool same = std::memcmp(view.bytes.data(), after.at(name).bytes.data(), view.bytes.size()) == 0;
    if (name.starts_with("input_layer.") || name.starts_with("body.0.")) {
      EXPECT_TRUE(same) << name;
    } else if (!same) {
      ++moved;
    }
  }
  EXPECT_GT(moved, 10);
}

}  // namespace
}  // namespace facerec::test
