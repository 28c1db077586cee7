#include "facerec/eval/curves.h"

#include <gmock/gmock.h>

#include <cmath>

#include "facerec/core/error.h"
#include "support/reference.h"
#include "unit/eval/figures.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();

TrainingMetrics training(int64_t lines, double rate_of_later = 0.1) {
  TrainingMetrics metrics;
  metrics.figure = "accuracy";
  for (int64_t i = 1; i <= lines; ++i) {
    const double noise = std::sin(static_cast<double>(i * i)), t = static_cast<double>(i) / static_cast<double>(lines);
    metrics.steps.push_back(
        {.step = 10 * i, .loss = 40 * std::exp(-3 * t) + noise, .lr = t > 0.5 ? rate_of_later : 0.1});
  }
  return metrics;
}

TEST(Curves, OfALossShowItsTermsAndTheFallOfTheRate) {
  TrainingMetrics metrics = training(500, 0.01);
  for (StepMetrics& line : metrics.steps) line.terms = {{"classification", line.loss - 1}, {"triplet <x>", 1}};
  const std::string svg = checked_svg(loss_figure(metrics, "my_2026-01-31-12-00-00"));
  for (const char* text : {"Training loss", "my_2026-01-31-12-00-00", ">Step<", ">Loss<", "classification",
                           "triplet &lt;x&gt;", "learning rate falls"}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
  EXPECT_THAT(svg, Not(HasSubstr("not finite")));
  EXPECT_THAT(checked_svg(loss_figure(training(500), "")), Not(HasSubstr("learning rate falls")));
}

TEST(Curves, MarkLossesThatWereNotFinite) {
  TrainingMetrics metrics = training(100);
  for (size_t i = 20; i < 25; ++i) metrics.steps[i].loss = nan;
  EXPECT_THAT(checked_svg(loss_figure(metrics, "")), HasSubstr("not finite"));
  for (StepMetrics& line : metrics.steps) line.loss = nan;
  EXPECT_THAT(checked_svg(loss_figure(metrics, "")), HasSubstr(">100<"));
}

TEST(Curves, TakeAnyNumbers) {
  for (const std::vector<double>& losses :
       {std::vector<double>{3}, {nan}, {0, 0}, {-5, -5}, {1e308, -1e308}, {1e-300, 2e-300}, {inf, 1, -inf, 2}}) {
    TrainingMetrics metrics{.figure = "psnr"};
    for (size_t i = 0; i < losses.size(); ++i) {
      const int64_t step = i == 0 ? 0 : std::numeric_limits<int64_t>::max() - 5 + static_cast<int64_t>(i);
      metrics.steps.push_back({.step = step, .loss = losses[i]});
      metrics.validations.push_back({.step = step, .mean = losses[i], .values = {{"a", losses[i]}, {"b", nan}}});
    }
    checked_svg(loss_figure(metrics, ""));
    checked_svg(validation_figure(metrics, ""));
    metrics.figure = "accuracy";
    checked_svg(validation_figure(metrics, ""));
  }
  EXPECT_THROW(loss_figure({}, ""), Error);
  EXPECT_THROW(validation_figure({}, ""), Error);
}

TEST(Curves, OfValidationsMarkTheBestStep) {
  TrainingMetrics metrics{.figure = "accuracy"};
  for (const auto& [step, lfw, cfp] : {std::tuple(100, 0.90, 0.80), {200, 0.96, 0.90}, {300, 0.97, 0.85}}) {
    metrics.validations.push_back({step, (lfw + cfp) / 2, {{"lfw", lfw}, {"cfp_fp", cfp}}});
  }
  const std::string svg = checked_svg(validation_figure(metrics, "run"));
  for (const char* text : {">lfw<", ">cfp_fp<", ">mean<", ">best step<", ">200<", ">93.00 %<", ">97.00 %<"}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
  for (ValidationMetrics& each : metrics.validations) each.values.pop_back();
  EXPECT_THAT(checked_svg(validation_figure(metrics, "")), Not(HasSubstr(">mean<"))) << "of one set it is the set";
  metrics.figure = "psnr";
  EXPECT_THAT(checked_svg(validation_figure(metrics, "")), HasSubstr("PSNR, dB"));
}

TEST(Curves, OfLongRunsAreSmall) { EXPECT_LT(loss_figure(training(20'000), "").svg().size(), 70'000U); }

class RunCurves : public testing::Test {
 protected:
  void draw(const std::string& metrics) {
    write_file(run_ / "metrics.jsonl", metrics);
    draw_training_curves(run_.path());
  }
  bool has(const char* file) const { return fs::exists(run_ / file); }

  TemporaryFolder run_;
};

TEST_F(RunCurves, AreDrawnOfWhatThereIs) {
  draw("");
  EXPECT_FALSE(has("loss.svg") || has("accuracy.svg"));
  draw("{\"step\":1,\"loss\":2}\n");
  EXPECT_TRUE(has("loss.svg"));
  EXPECT_FALSE(has("accuracy.svg"));
  draw("{\"step\":1,\"loss\":2}\n{\"step\":1,\"validation\":{\"lfw\":0.9},\"mean_accuracy\":0.9}\n{\"st");
  EXPECT_TRUE(has("accuracy.svg"));
  draw("{\"step\":1,\"validation\":{\"set14\":27},\"mean_psnr\":27}\n");
  EXPECT_TRUE(has("psnr.svg"));
}

}  // namespace
}  // namespace facerec::test
