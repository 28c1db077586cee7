#include "facerec/train/run_summary.h"

#include <gmock/gmock.h>

#include "facerec/config/config.h"
#include "facerec/train/config.h"
#include "facerec/train/run_folder.h"
#include "support/reference.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Json config_with(double rate, int64_t epochs) {
  TrainConfig config;
  config.optimizer.lr = rate;
  config.train.epochs = epochs;
  return config_json(config);
}

class Runs : public testing::Test {
 protected:
  fs::path make(const std::string& name, const Json& config, const std::string& metrics) const {
    const fs::path run = folder_ / name;
    fs::create_directories(run / "checkpoints");
    write_file(run / "config.yaml", to_yaml(config));
    write_file(run / "metrics.jsonl", metrics);
    return run;
  }

  static void save(const fs::path& run, int64_t step, const Json& config, int64_t batches_per_epoch = 10) {
    const fs::path checkpoint = checkpoint_folder(run, step);
    fs::create_directories(checkpoint);
    const Json state{{"step", step}, {"batches_per_epoch", batches_per_epoch}, {"config", config}};
    write_file(checkpoint / "state.json", state.dump());
  }

  static std::string line(int64_t step, double loss, double speed = 100) {
    return Json{{"step", step}, {"loss", loss}, {"lr", 0.1}, {"images_per_second", speed}, {"seconds", step}}.dump() +
           "\n";
  }
  static std::string validation(int64_t step, double lfw) {
    return Json{{"step", step}, {"validation", {{"lfw", lfw}}}, {"mean_accuracy", lfw}}.dump() + "\n";
  }

  test::TemporaryFolder folder_;
};

TEST_F(Runs, AreToldFromTheirFolders) {
  const fs::path run = make("my_a_2026-01-31-12-00-09_2", config_with(0.1, 2),
                            line(10, 9) + validation(10, 0.9) + line(20, 7, 250) + validation(20, 0.8));
  save(run, 10, config_with(0.1, 2));
  save(run, 20, config_with(0.1, 2));
  const RunSummary summary = summarise_run(run);
  EXPECT_EQ(summary.status, RunStatus::finished);
  EXPECT_THAT(summary.problems, IsEmpty());
  EXPECT_EQ(run_json(summary), (Json{{"run", run.string()},
                                     {"name", "my_a"},
                                     {"began", "2026-01-31T12:00:09"},
                                     {"state", "finished"},
                                     {"task", "identity"},
                                     {"network", "ir_50"},
                                     {"head", "arcface"},
                                     {"steps", 20},
                                     {"planned_steps", 20},
                                     {"checkpoint", 20},
                                     {"loss", 7.0},
                                     {"best", {{"mean_accuracy", 0.9}, {"step", 10}}},
                                     {"images_per_second", 250.0},
                                     {"seconds", 20.0},
                                     {"problems", Json::array()}}));
}

TEST_F(Runs, AreStoppedRunningOrWithoutACheckpoint) {
  const fs::path run = make("a_2026-01-31-12-00-00", config_with(0.1, 2), line(7, 9));
  EXPECT_EQ(summarise_run(run).status, RunStatus::no_checkpoint);
  EXPECT_EQ(summarise_run(run).planned, std::nullopt) << "without a checkpoint nobody knows the batches of an epoch";
  save(run, 5, config_with(0.1, 2));
  EXPECT_EQ(summarise_run(run).status, RunStatus::stopped);
  EXPECT_EQ(summarise_run(run).steps, 7) << "done, though lost";
  {
    const FolderLock lock(run);
    EXPECT_EQ(summarise_run(run).status, RunStatus::running);
  }
  const FolderLock free_again(run);
}

// A run that was resumed with another end has its first config.yaml still.
TEST_F(Runs, EndWhereTheNewestCheckpointSays) {
  const fs::path run = make("a_2026-01-31-12-00-00", config_with(0.1, 2), line(20, 9));
  save(run, 20, config_with(0.1, 4));
  EXPECT_EQ(summarise_run(run).planned, 40);
  Json config = config_with(0.1, 4);
  config["train"]["max_steps"] = 20;
  save(run, 20, config);
  EXPECT_EQ(summarise_run(run).planned, 20);
  save(run, 20, config, std::numeric_limits<int64_t>::max());
  EXPECT_EQ(summarise_run(run).planned, 20);
}

TEST_F(Runs, ThatAreBrokenSayWhatIsWrong) {
  const fs::path empty = folder_ / "a_2026-01-31-12-00-00";
  fs::create_directory(empty);
  EXPECT_THAT(summarise_run(empty).problems, ElementsAre("config.yaml is absent", "metrics.jsonl is absent"));
  EXPECT_EQ(run_json(summarise_run(empty))["network"], nullptr);

  const fs::path run = make("b_2026-01-31-12-00-00", config_with(0.1, 2), line(10, 9) + "{\"step\": 11, \"lo");
  write_file(run / "config.yaml", "optimizer: {learning: 3}\n");
  fs::create_directories(checkpoint_folder(run, 10));
  save(run, 5, config_with(0.1, 2));
  const RunSummary summary = summarise_run(run);
  EXPECT_THAT(summary.problems,
              ElementsAre(HasSubstr("learning"), HasSubstr("step_00000010/state.json is absent"), HasSubstr("lines")));
  EXPECT_EQ(summary.saved, 5);
  EXPECT_EQ(summary.steps, 10);

  for (const char* state : {"", "[]", "{}", R"({"config": 3})", R"({"config": {"train": {"epochs": "many"}}})",
                            R"({"config": {"train": 7}, "batches_per_epoch": "x"})"}) {
    write_file(checkpoint_folder(run, 10) / "state.json", state);
    EXPECT_EQ(summarise_run(run).saved, 5) << state;
  }
  const std::string deep = "{\"config\": {\"a\": " + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}}";
  write_file(checkpoint_folder(run, 10) / "state.json", deep);
  EXPECT_EQ(summarise_run(run).saved, 5);
  make("c_2026-01-31-12-00-00", config_with(0.1, 2), "");
  EXPECT_THAT(summarise_run(folder_ / "c_2026-01-31-12-00-00").problems, ElementsAre("metrics.jsonl is empty"));
}

TEST_F(Runs, AreCompared) {
  const RunSummary a = summarise_run(make("a_2026-01-31-12-00-00", config_with(0.1, 2),
                                          line(10, 9) + line(20, 8) + validation(20, 0.5) + line(40, 6, 100)));
  const RunSummary b = summarise_run(make("b_2026-01-31-12-00-00", config_with(0.2, 2),
                                          line(20, 8.5) + validation(20, 0.75) + line(30, 7) + line(40, 5, 150)));
  const RunSummary broken = summarise_run(folder_ / "none");
  const RunSummary runs[] = {a, b};
  const Json json = comparison_json(runs);
  EXPECT_EQ(json["runs"].size(), 2U);
  EXPECT_EQ(json["config"], Json::parse(R"([{"key": "optimizer.lr", "values": [0.1, 0.2]}])"));
  EXPECT_EQ(json["losses"], Json::parse(R"([{"step": 20, "values": [8.0, 8.5], "differences": [null, 0.5]},
                                            {"step": 40, "values": [6.0, 5.0], "differences": [null, -1.0]}])"));
  EXPECT_EQ(json["metrics"], Json::parse(R"([
    {"name": "loss", "values": [6.0, 5.0], "differences": [null, -1.0]},
    {"name": "best_mean_accuracy", "values": [0.5, 0.75], "differences": [null, 0.25]},
    {"name": "best_step", "values": [20, 20], "differences": [null, 0]},
    {"name": "last_mean_accuracy", "values": [0.5, 0.75], "differences": [null, 0.25]},
    {"name": "last_lfw", "values": [0.5, 0.75], "differences": [null, 0.25]},
    {"name": "images_per_second", "values": [100.0, 150.0], "differences": [null, 50.0]},
    {"name": "seconds", "values": [40.0, 40.0], "differences": [null, 0.0]},
    {"name": "steps", "values": [40, 40], "differences": [null, 0]}])"));

  const RunSummary with_broken[] = {broken, a, b};
  const Json more = comparison_json(with_broken);
  EXPECT_EQ(more["config"], Json::parse(R"([{"key": "optimizer.lr", "values": [null, 0.1, 0.2]}])"));
  EXPECT_EQ(more["losses"], Json::array());
  EXPECT_EQ(more["metrics"][0], Json::parse(R"({"name": "loss", "values": [null, 6.0, 5.0],
                                                "differences": [null, null, null]})"));
}

TEST_F(Runs, OfManyCommonStepsShowTen) {
  std::string metrics;
  for (int step = 1; step <= 1000; ++step) metrics += line(step, 1000 - step);
  const fs::path run = make("a_2026-01-31-12-00-00", config_with(0.1, 2), metrics);
  const RunSummary runs[] = {summarise_run(run), summarise_run(run)};
  const Json losses = comparison_json(runs)["losses"];
  ASSERT_EQ(losses.size(), 10U);
  EXPECT_EQ(losses.front()["step"], 100);
  EXPECT_EQ(losses.back()["step"], 1000);
}

}  // namespace
}  // namespace facerec
