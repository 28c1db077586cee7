#include "facerec/config/config.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "facerec/train/config.h"

namespace facerec {
namespace {

using testing::HasSubstr;

TrainConfig read(const std::string& yaml, const std::vector<std::string>& sets = {}) {
  Node root = parse_yaml(yaml, {.file = "a.yaml", .line = 0, .argument = ""});
  if (root.kind == Node::Kind::null) root.kind = Node::Kind::map;
  for (const std::string& set : sets) set_value(root, set);
  TrainConfig config;
  read_config(root, config);
  return config;
}

// The whole message, with file and hint, of the error that reading raises; it must be a usage error.
std::string error_of(const std::string& yaml, const std::vector<std::string>& sets = {}) {
  try {
    read(yaml, sets);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    return error.what();
  }
  return "no error";
}

TEST(Config, KeepsDefaultsOfWhatIsNotGiven) {
  const TrainConfig config = read("train: {epochs: 3}");
  EXPECT_EQ(config.train.epochs, 3);
  EXPECT_EQ(config.train.batch_size, 128);
  EXPECT_EQ(config.model.name, "ir_50");
}

TEST(Config, ASectionMayBeOneWord) {
  EXPECT_EQ(read("data: {train: [{path: x, label: kface}]}").data.train[0].label.by, "kface");
  EXPECT_EQ(read("data: {train: [{path: x, label: {level: 2}}]}").data.train[0].label.level, 2);
  EXPECT_THAT(error_of("data: {train: [{path: x, label: k_face}]}"), HasSubstr("did you mean 'kface'"));
  EXPECT_THAT(error_of("data: {augment: 0.5}"), HasSubstr("a section with keys of its own"));
  const std::string written = to_yaml(config_json(read("data: {train: [{path: x, label: kface}]}")));
  EXPECT_EQ(read(written).data.train[0].label.by, "kface");
}

TEST(Config, ReadsEveryKindOfValue) {
  const TrainConfig config = read(R"(
data: {train: [{path: "a b"}, {path: ü}]}
model: {input: [96, 112]}
optimizer: {lr: 1e-3, nesterov: true}
schedule: {milestones: [1, 2, 3]}
train: {freeze: [input_layer, body.0]}
)");
  ASSERT_EQ(config.data.train.size(), 2U);
  EXPECT_EQ(config.data.train[1].path, "ü");
  EXPECT_EQ(config.model.input, (Size2{96, 112}));
  EXPECT_EQ(config.optimizer.lr, 1e-3);
  EXPECT_TRUE(config.optimizer.nesterov);
  EXPECT_EQ(config.schedule.milestones, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(config.train.freeze, (std::vector<std::string>{"input_layer", "body.0"}));
}

TEST(Config, SetOverridesTheFileAndReachesListItems) {
  const TrainConfig config = read("train: {epochs: 3}\ndata: {train: [{path: a}]}",
                                  {"train.epochs=5", "data.train.0.path=b", "schedule.milestones=[4]"});
  EXPECT_EQ(config.train.epochs, 5);
  EXPECT_EQ(config.data.train.at(0).path, "b");
  EXPECT_EQ(config.schedule.milestones, std::vector<int64_t>{4});
}

TEST(Config, SetMakesWhatTheFileLacks) {
  EXPECT_EQ(read("", {"validation.data.0.path=x"}).validation.data.at(0).path, "x");
}

TEST(Config, AnUnknownKeyNamesPlaceAndNearestKey) {
  const std::string message = error_of("train:\n  epochs: 3\n  max_step: 4\n");
  EXPECT_THAT(message, HasSubstr("a.yaml: line 3: unknown key 'train.max_step'"));
  EXPECT_THAT(message, HasSubstr("did you mean 'train.max_steps'?"));
  EXPECT_THAT(error_of("trian: {epochs: 3}"), HasSubstr("did you mean 'train'?"));
  EXPECT_THAT(error_of("", {"train.epoch=3"}), HasSubstr("--set train.epoch=3: unknown key 'train.epoch'"));
}

TEST(Config, WrongTypesAreRefused) {
  EXPECT_THAT(error_of("train: {epochs: three}"), HasSubstr("'train.epochs' must be a whole number, not 'three'"));
  EXPECT_THAT(error_of("train: {epochs: 3.5}"), HasSubstr("whole number"));
  EXPECT_THAT(error_of("train: {epochs: 99999999999999999999}"), HasSubstr("whole number"));
  EXPECT_THAT(error_of("optimizer: {lr: .nan}"), HasSubstr("number"));
  EXPECT_THAT(error_of("optimizer: {nesterov: 1}"), HasSubstr("true or false"));
  EXPECT_THAT(error_of("train: 3"), HasSubstr("'train' must be a section"));
  EXPECT_THAT(error_of("train: {freeze: a}"), HasSubstr("must be a list"));
  EXPECT_THAT(error_of("model: {input: [112]}"), HasSubstr("[width, height]"));
  EXPECT_THAT(error_of("data: {train: [a]}"), HasSubstr("'data.train.0' must be a map"));
}

TEST(Config, ValuesOutOfRangeAreRefused) {
  EXPECT_THAT(error_of("optimizer: {lr: 0}"), HasSubstr("'optimizer.lr' is out of range: 0, must be above 0"));
  EXPECT_THAT(error_of("train: {batch_size: 1}"), HasSubstr("at least 2"));
  EXPECT_THAT(error_of("model: {input: [112, 2]}"), HasSubstr("out of range"));
  const std::string message = error_of("optimizer: {name: sdg}");
  EXPECT_THAT(message, HasSubstr("'optimizer.name' cannot be 'sdg'"));
  EXPECT_THAT(message, HasSubstr("did you mean 'sgd'?"));
}

TEST(Config, DuplicateKeysAreRefused) {
  EXPECT_THAT(error_of("train:\n  epochs: 3\n  epochs: 4\n"), HasSubstr("line 3: the key 'epochs' is given twice"));
}

TEST(Config, BadYamlNamesTheLine) { EXPECT_THAT(error_of("train:\n  - a\n b: [1\n"), HasSubstr("a.yaml: line ")); }

TEST(Config, AFileCannotAskForTheWorld) {
  std::string bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string(i ? "," : "") + "*" + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(error_of(bomb), HasSubstr("too many"));
  EXPECT_THAT(error_of(std::string(200, '[')), HasSubstr("a.yaml"));
  EXPECT_THAT(error_of(std::string(2'000'000, ' ')), HasSubstr("1 MB"));
}

TEST(Config, BadAssignmentsAreRefused) {
  EXPECT_THAT(error_of("", {"train.epochs"}), HasSubstr("key=value"));
  EXPECT_THAT(error_of("", {"train..epochs=1"}), HasSubstr("empty name"));
  EXPECT_THAT(error_of("data: {train: [{path: a}]}", {"data.train.5.path=b"}), HasSubstr("not an index"));
}

TEST(Config, WhatIsPrintedReadsBackEqual) {
  TrainConfig config =
      read("data: {train: [{path: \"a: b\"}, {path: 'true'}]}\noptimizer: {lr: 0.1}\nrun: {name: '1'}");
  config.optimizer.weight_decay = 1.0 / 3.0;
  const auto json = config_json(config);
  const TrainConfig again = read(to_yaml(json));
  EXPECT_EQ(config_json(again), json);
}

}  // namespace
}  // namespace facerec
