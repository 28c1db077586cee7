#include "facerec/io/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "facerec/core/error.h"
#include "support/reference.h"

namespace facerec {
namespace {

class Metrics : public testing::Test {
 protected:
  TrainingMetrics read(const std::string& text, int64_t most_steps = 1000) {
    write_file(folder_ / "metrics.jsonl", text);
    return read_metrics(folder_ / "metrics.jsonl", most_steps);
  }

  test::TemporaryFolder folder_;
};

TEST_F(Metrics, TellStepsAndValidations) {
  const TrainingMetrics metrics =
      read(R"({"step":10,"epoch":0,"loss":21.5,"lr":0.1,"images_per_second":800,"seconds":2.5})"
           "\n"
           R"({"step":20,"loss":20.5,"losses":{"classification":20,"triplet":0.5},"lr":0.01,"unheard of":[1]})"
           "\n\n"
           R"({"step":20,"validation":{"lfw":0.9,"cfp":0.8},"mean_accuracy":0.85,"seconds":9})"
           "\n"
           R"({"step":30,"validation":{"lfw":0.9,"cfp":0.8},"mean_accuracy":0.85})"
           "\n");
  ASSERT_EQ(metrics.steps.size(), 2U);
  EXPECT_EQ(metrics.steps[0].step, 10);
  EXPECT_EQ(metrics.steps[0].loss, 21.5);
  EXPECT_EQ(metrics.steps[0].images_per_second, 800);
  EXPECT_EQ(metrics.steps[0].seconds, 2.5);
  EXPECT_TRUE(std::isnan(metrics.steps[1].seconds));
  EXPECT_EQ(metrics.steps[1].terms, (NamedValues{{"classification", 20}, {"triplet", 0.5}}));
  EXPECT_EQ(metrics.figure, "accuracy");
  ASSERT_EQ(metrics.validations.size(), 2U);
  EXPECT_EQ(metrics.validations[0].values, (NamedValues{{"lfw", 0.9}, {"cfp", 0.8}}));
  EXPECT_EQ(metrics.best()->step, 20) << "the first of equals, as training has it";
  EXPECT_EQ(metrics.unreadable, 0);
}

TEST_F(Metrics, OfBrokenLinesAreCounted) {
  for (const char* line :
       {"", "{", "[]", "null", "7", "{}", R"({"loss":1})", R"({"step":"1","loss":1})", R"({"step":-1,"loss":1})",
        R"({"step":1.5,"loss":1})", R"({"step":1})", R"({"step":1,"validation":[]})", R"({"step":1e999,"loss":1})",
        R"({"step":99999999999999999999,"loss":1})", "\xff\xfe", R"({"step":1,"loss":NaN})"}) {
    const TrainingMetrics metrics = read(std::string(line) + "\n{\"step\":5,\"loss\":2}\n{\"step\":6,\"lo");
    EXPECT_EQ(metrics.unreadable, line[0] == '\0' ? 1 : 2) << line;
    ASSERT_EQ(metrics.steps.size(), 1U) << line;
    EXPECT_EQ(metrics.steps[0].step, 5) << line;
  }
  EXPECT_EQ(read(std::string(2'000'000, '[')).unreadable, 1);
  EXPECT_EQ(read(std::string(500'000, '[')).unreadable, 1);
  const std::string deep = std::string(500'000, '[') + std::string(500'000, ']');
  EXPECT_EQ(read(deep).unreadable, 1);
  EXPECT_EQ(read(R"({"step":1,"loss":1,"losses":{"a":)" + deep + "}}").steps.size(), 1U);
}

TEST_F(Metrics, ThatWereNotFiniteAreNull) {
  const TrainingMetrics metrics = read(R"({"step":1,"loss":null,"losses":{"a":null,"b":"x"}})"
                                       "\n"
                                       R"({"step":1,"validation":{"lfw":null},"mean_accuracy":null})");
  EXPECT_TRUE(std::isnan(metrics.steps.at(0).loss));
  EXPECT_TRUE(std::isnan(metrics.steps.at(0).terms.at(0).second));
  EXPECT_TRUE(std::isnan(metrics.validations.at(0).mean));
  EXPECT_EQ(metrics.best(), nullptr);
}

TEST_F(Metrics, AreOfOneFileThatMayBeEmpty) {
  EXPECT_TRUE(read("").steps.empty());
  EXPECT_THROW(read_metrics(folder_ / "absent"), Error);
  EXPECT_THROW(read_metrics(folder_.path()), Error);
}

TEST_F(Metrics, OfALongRunAreRead) {
  std::string text;
  for (int step = 1; step <= 100'000; ++step) {
    text += R"({"step":)" + std::to_string(step) + R"(,"loss":)" + std::to_string(step) + "}\n";
    if (step % 10'000 == 0) text += R"({"step":)" + std::to_string(step) + R"(,"validation":{"lfw":0.9}})" + "\n";
  }
  const TrainingMetrics metrics = read(text);
  EXPECT_LE(metrics.steps.size(), 1003U);
  EXPECT_GE(metrics.steps.size(), 900U);
  EXPECT_EQ(metrics.steps.back().step, 100'000) << "the last is among them";
  EXPECT_EQ(metrics.validations.size(), 10U) << "and every validation";
  EXPECT_EQ(read(text, 1'000'000).steps.size(), 100'000U);
}

}  // namespace
}  // namespace facerec
