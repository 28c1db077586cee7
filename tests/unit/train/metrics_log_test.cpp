#include "train/metrics_log.h"

#include <event.pb.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>

#include "facerec/io/metrics.h"
#include "io/byte_source.h"
#include "io/tf_record.h"
#include "support/reference.h"

namespace facerec {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::vector<fs::path> event_files(const fs::path& run) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(run)) {
    if (entry.path().filename().string().starts_with("events.out.tfevents.")) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::vector<event::Event> read_events(const fs::path& path) {
  const std::vector<std::byte> file = read_file(path);
  const MemorySource source(file);
  TfRecordReader reader(source, file.size());
  std::vector<event::Event> events;
  for (uint64_t at = 0; at < file.size();) {
    const TfRecord record = reader.read(at);
    EXPECT_TRUE(record.intact());
    EXPECT_TRUE(events.emplace_back().ParseFromArray(record.data.data(), static_cast<int>(record.data.size())));
    at = record.end;
  }
  return events;
}

std::vector<std::pair<std::string, float>> scalars_of(const event::Event& event) {
  std::vector<std::pair<std::string, float>> scalars;
  for (const event::Scalar& scalar : event.summary().value()) {
    EXPECT_TRUE(scalar.has_simple_value());
    scalars.emplace_back(scalar.tag(), scalar.simple_value());
  }
  return scalars;
}

TEST(MetricsLog, WritesTheSameNumbersToBothFiles) {
  const test::TemporaryFolder run;
  MetricsLog log(run.path(), 0);
  log.write({{"step", 10}, {"epoch", 0}, {"loss", 21.5}, {"losses", {{"triplet", 0.25}}}, {"gradient_norm", NAN}});
  log.write({{"step", 20}, {"validation", {{"lfw \xff", 0.75}}}, {"mean_accuracy", 0.75}});
  // Both are whole at once: the process may be killed here.
  const TrainingMetrics metrics = read_metrics(run.path() / "metrics.jsonl");
  EXPECT_EQ(metrics.steps.at(0).loss, 21.5);
  EXPECT_GE(metrics.steps.at(0).seconds, 0);
  EXPECT_EQ(metrics.validations.at(0).mean, 0.75);
  ASSERT_EQ(event_files(run.path()).size(), 1U);
  const auto events = read_events(event_files(run.path()).front());
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].file_version(), "brain.Event:2");
  EXPECT_EQ(events[1].step(), 10);
  EXPECT_NEAR(events[1].wall_time(), static_cast<double>(std::time(nullptr)), 60);
  EXPECT_THAT(scalars_of(events[1]),
              ElementsAre(Pair("train/epoch", 0), Pair("train/loss", 21.5F), Pair("train/triplet", 0.25F),
                          Pair("train/gradient_norm", testing::NanSensitiveFloatEq(NAN))));
  EXPECT_THAT(scalars_of(events[2]),
              ElementsAre(Pair("validation/lfw ?", 0.75F), Pair("validation/mean_accuracy", 0.75F)));
}

TEST(MetricsLog, GoesOnBehindTheStepThatIsResumed) {
  const test::TemporaryFolder run;
  {
    MetricsLog log(run.path(), 0);
    for (int step : {10, 20, 30}) log.write({{"step", step}, {"loss", step}});
  }
  const fs::path lines = run.path() / "metrics.jsonl";
  write_file(lines, read_text(lines) + R"({"step": "a word", "seconds": 1000})" + "\n" + R"({"step":31,"lo)");
  {
    MetricsLog log(run.path(), 20);
    log.write({{"step", 30}, {"loss", 31}});
  }
  const TrainingMetrics metrics = read_metrics(lines);
  ASSERT_EQ(metrics.steps.size(), 3U);
  EXPECT_EQ(metrics.steps[1].step, 20);
  EXPECT_EQ(metrics.steps[2].loss, 31);
  EXPECT_GE(metrics.steps[2].seconds, metrics.steps[1].seconds);
  const auto files = event_files(run.path());
  ASSERT_EQ(files.size(), 2U) << "within one second, too";
  const auto events = read_events(files[1]);
  EXPECT_EQ(events.at(0).file_version(), "brain.Event:2");
  EXPECT_EQ(events.at(1).session_log().status(), 1) << "START";
  EXPECT_EQ(events.at(1).step(), 21) << "what lies behind step 20 is forgotten";
  EXPECT_EQ(events.at(2).step(), 30);
}

// A limit on the size of files is a disk that is full.
TEST(MetricsLog, OutlivesAFullDisk) {
  const test::TemporaryFolder run;
  MetricsLog log(run.path(), 0);
  log.write({{"step", 1}, {"loss", 1}});
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit usual{};
  getrlimit(RLIMIT_FSIZE, &usual);
  const rlimit full{fs::file_size(run.path() / "metrics.jsonl") + 7, usual.rlim_max};
  setrlimit(RLIMIT_FSIZE, &full);
  log.write({{"step", 2}, {"loss", 2}});
  log.write({{"step", 3}, {"loss", 3}});
  setrlimit(RLIMIT_FSIZE, &usual);
  EXPECT_EQ(read_metrics(run.path() / "metrics.jsonl").steps.size(), 1U);
  log.write({{"step", 4}, {"loss", 4}});
  const TrainingMetrics metrics = read_metrics(run.path() / "metrics.jsonl");
  EXPECT_EQ(metrics.unreadable, 0);
  ASSERT_EQ(metrics.steps.size(), 4U);
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(metrics.steps[static_cast<size_t>(i)].step, i + 1);
  EXPECT_EQ(read_events(event_files(run.path()).front()).size(), 5U);
}

TEST(MetricsLog, TellsALineInWords) {
  EXPECT_EQ(words_of({{"step", 1}, {"loss", 5.21342}, {"lr", 0.1}}), "loss 5.2134  lr 0.1");
  EXPECT_EQ(words_of({{"lr", 1e-5}, {"loss", NAN}, {"gradient_norm", 1.8341}, {"target_cosine", 0.41249}}),
            "loss nan  cosine 0.412  gradient 1.83  lr 1e-05");
  EXPECT_EQ(words_of({{"loss", nullptr}}), "");
}

}  // namespace
}  // namespace facerec
