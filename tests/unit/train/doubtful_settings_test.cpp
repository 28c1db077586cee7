#include "facerec/train/doubtful_settings.h"

#include <gmock/gmock.h>

namespace facerec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(DoubtfulSettings, DefaultsAndWhatHasAMeaningAreNone) {
  EXPECT_THAT(doubtful_settings({}), IsEmpty());
  TrainConfig config;
  config.data.sampler = {"pk", 8, 4};
  config.loss.metric = {{}};
  config.train.tune = "lora";
  config.train.lora.rank = 4;
  EXPECT_THAT(doubtful_settings(config), IsEmpty());
}

TEST(DoubtfulSettings, KeysOfAnotherTaskOrSampler) {
  TrainConfig config;
  config.task = "attributes";
  config.data.attributes = {{}};
  config.data.sampler.images = 4;
  config.head.scale = 32;
  config.super_resolution.scale = 2;
  EXPECT_THAT(doubtful_settings(config), ElementsAre("head has no effect: task is attributes",
                                                     "super_resolution has no effect: task is attributes",
                                                     "data.sampler.images has no effect: the sampler is shuffle"));
}

TEST(DoubtfulSettings, KeysOfAnotherOptimizerScheduleOrNetwork) {
  TrainConfig config;
  config.optimizer.beta1 = 0.5;
  config.schedule.power = 3;
  EXPECT_THAT(doubtful_settings(config), ElementsAre("optimizer.beta1 has no effect: the optimizer is sgd",
                                                     HasSubstr("schedule.power has no effect: the schedule is")));
}

TEST(DoubtfulSettings, LowResolutionThatNeverComes) {
  TrainConfig config;
  config.train.low_resolution.scale = 4;
  EXPECT_THAT(doubtful_settings(config), ElementsAre(HasSubstr("train.low_resolution.scale has no effect")));
}

TEST(DoubtfulSettings, TripletsOfShuffledImages) {
  TrainConfig config;
  config.loss.metric = {{}};
  EXPECT_THAT(doubtful_settings(config), ElementsAre(HasSubstr("see data.sampler pk")));
}

}  // namespace
}  // namespace facerec
