// Heads, losses, samplers and tasks, from the YAML to the run's folder.
#include <gmock/gmock.h>

#include <cstring>
#include <sstream>

#include "cli/process.h"
#include "facerec/io/safetensors.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;

std::vector<nlohmann::json> lines_with(const fs::path& run, const char* key) {
  std::vector<nlohmann::json> lines;
  std::istringstream metrics(read_text(run / "metrics.jsonl"));
  for (std::string line; std::getline(metrics, line);) {
    const auto json = nlohmann::json::parse(line);
    if (json.contains(key)) lines.push_back(json);
  }
  return lines;
}

class TrainTasks : public testing::Test {
 protected:
  // `more`: values for --set
  Outcome train(const std::vector<std::string>& more, const std::vector<std::string>& flags = {}) {
    std::vector<std::string> arguments{"train", small_config(folder_.path()), "--json"};
    for (const std::string& value : more) arguments.insert(arguments.end(), {"--set", value});
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return facerec(arguments);
  }

  fs::path run_of(const Outcome& outcome) {
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.exit_code == 0 ? fs::path(outcome.json().at("run").get<std::string>()) : fs::path();
  }

  TemporaryFolder folder_;
};

const std::vector<std::string> many_losses{
    "head={name: adaface, scale: 16, margin: 0.4}", "data.sampler={name: pk, identities: 4, images: 4}",
    "loss.classification={name: focal}",
    "loss.metric=[{name: triplet, weight: 0.5}, {name: center, weight: 0.01}, {name: supcon, weight: 0.1}]"};

TEST_F(TrainTasks, EveryTermOfTheLossIsLogged) {
  const fs::path run = run_of(train(many_losses));
  const auto lines = lines_with(run, "loss");
  ASSERT_EQ(lines.size(), 9U) << "3 of 12 identities an epoch, three epochs";
  for (const auto& line : lines) {
    double sum = 0;
    for (const char* term : {"classification", "triplet", "center", "supcon"}) {
      sum += line.at("losses").at(term).get<double>();
    }
    EXPECT_NEAR(line.at("loss").get<double>(), sum, 1e-6 * std::abs(sum));
  }
}

TEST_F(TrainTasks, LossesWithAStateResumeInTheSameBits) {
  std::vector<std::string> whole = many_losses;
  whole.emplace_back("schedule={name: constant}");  // whatever the end
  std::vector<std::string> half = whole;
  whole.emplace_back("run.name=whole");
  half.emplace_back("train.max_steps=4");
  const fs::path undisturbed = run_of(train(whole)), interrupted = run_of(train(half));
  half.back() = "train.max_steps=0";
  ASSERT_EQ(run_of(train(half, {"--resume", interrupted})), interrupted);
  int files = 0;
  for (const auto& entry : fs::directory_iterator(undisturbed / "checkpoints/step_00000009")) {
    if (entry.path().extension() != ".safetensors") continue;
    ++files;
    const SafetensorsFile x(entry.path()), y(interrupted / "checkpoints/step_00000009" / entry.path().filename());
    for (const auto& [name, view] : x.tensors()) {
      EXPECT_EQ(std::memcmp(view.bytes.data(), y.at(name).bytes.data(), view.bytes.size()), 0)
          << entry.path().filename() << " " << name;
    }
  }
  EXPECT_EQ(files, 7) << "backbone, head, triplet, center, supcon, optimizer, random numbers";
}

TEST_F(TrainTasks, CheckpointsAndValidationsByEpoch) {
  const fs::path run = run_of(train({"checkpoint={every_epochs: 1, keep: 0}", "validation.every_epochs=2"}));
  for (const char* step : {"step_00000006", "step_00000012", "step_00000018"}) {
    EXPECT_TRUE(fs::exists(run / "checkpoints" / step)) << step;
  }
  const auto validations = lines_with(run, "validation");
  ASSERT_EQ(validations.size(), 2U);
  EXPECT_EQ(validations.front().at("step"), 12);
}

std::vector<std::string> attributes(const std::string& more = "") {
  const std::string faces = small_faces();
  return {"task=attributes", "data.train=[{path: " + faces + "/train/attributes.csv}]",
          "data.attributes=[{name: expression, column: expression}, {name: angle, column: camera_angle}]",
          "validation.data=[{path: " + faces + "/eval/attributes.csv}]", more.empty() ? "run.name=pretext" : more};
}

// The pretext model: attributes are learnt, and the backbone goes into the training of identities.
TEST_F(TrainTasks, APretextModelOfAttributesIsTheStartOfAnother) {
  const Outcome outcome = train(attributes());
  const fs::path pretext = run_of(outcome);
  EXPECT_GT(outcome.json().at("best").at("mean_accuracy"), 0.0);
  EXPECT_TRUE(lines_with(pretext, "loss").front().at("losses").contains("angle"));
  const auto validations = lines_with(pretext, "validation");
  ASSERT_FALSE(validations.empty());
  EXPECT_TRUE(validations.back().at("validation").contains("expression"));

  const Outcome same = train({"init_from=" + pretext.string(), "train.max_steps=1"});
  EXPECT_EQ(same.exit_code, 0);
  EXPECT_THAT(same.err, HasSubstr("tensors of the backbone loaded from " + pretext.string()));
  EXPECT_THAT(same.err, testing::Not(HasSubstr("not loaded")));
  const Outcome wider = train({"init_from=" + pretext.string(), "model.embedding_size=24", "train.max_steps=1"});
  EXPECT_EQ(wider.exit_code, 0);
  EXPECT_THAT(wider.err, HasSubstr("not loaded, since they have another shape there: output_layer"));
}

TEST_F(TrainTasks, OneSeedOnePretextModel) {
  const fs::path a = run_of(train(attributes("run.name=a"))), b = run_of(train(attributes("run.name=b")));
  const auto losses = [](const fs::path& run) {
    std::vector<double> values;
    for (const auto& line : lines_with(run, "loss")) values.push_back(line.at("loss").get<double>());
    return values;
  };
  EXPECT_EQ(losses(a), losses(b));
}

// The backbone's file is what other commands take, though only the additions learnt; and the run goes on.
TEST_F(TrainTasks, LowRankAdditionsLeaveAnOrdinaryModelAndResume) {
  const fs::path base = run_of(train({"run.name=base", "train.max_steps=2"}));
  const std::vector<std::string> lora{"run.name=lora", "train.tune=lora", "train.lora.rank=4",
                                      "schedule={name: constant}"};
  std::vector<std::string> arguments{"finetune", folder_ / "small.yaml", "--from", base, "--json"};
  for (const std::string& value : lora) arguments.insert(arguments.end(), {"--set", value});
  std::vector<std::string> half = arguments;
  half.insert(half.end(), {"--set", "train.max_steps=9", "--set", "run.name=half"});
  const fs::path whole = run_of(facerec(arguments)), interrupted = run_of(facerec(half));
  half[half.size() - 3] = "train.max_steps=0";
  half.insert(half.end(), {"--resume", interrupted});
  ASSERT_EQ(run_of(facerec(half)), interrupted);
  const char* const last = "checkpoints/step_00000018";
  const SafetensorsFile x(whole / last / "backbone.safetensors"), y(interrupted / last / "backbone.safetensors"),
      before(base / "best/backbone.safetensors");
  EXPECT_EQ(x.tensors().size(), before.tensors().size());
  bool moved = false;
  for (const auto& [name, view] : x.tensors()) {
    EXPECT_EQ(std::memcmp(view.bytes.data(), y.at(name).bytes.data(), view.bytes.size()), 0) << name;
    moved |= std::memcmp(view.bytes.data(), before.at(name).bytes.data(), view.bytes.size()) != 0;
  }
  EXPECT_TRUE(moved);
}

TEST_F(TrainTasks, AStudentFollowsItsTeacher) {
  const fs::path teacher = run_of(train({"run.name=teacher"}));
  const std::string given = "distill={teacher: " + teacher.string() + ", logit_weight: 0.1}";
  const fs::path student = run_of(train({given, "head.name=adaface"}));
  const auto lines = lines_with(student, "loss");
  const auto term = [&](const auto& line) {
    return line.at("losses").at("embedding_distillation").template get<double>();
  };
  EXPECT_LT(term(lines.back()), term(lines.front()));
  EXPECT_TRUE(lines.front().at("losses").contains("logit_distillation"));
  const Outcome other = train({given, "model.embedding_size=24"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("--set distill={teacher"));
  EXPECT_THAT(other.err, testing::AllOf(HasSubstr("16"), HasSubstr("24")));
}

// Patches of any images; the run is then a method of super-resolution.
TEST_F(TrainTasks, ANetworkOfSuperResolutionIsTrainedAndUsed) {
  const Outcome outcome =
      train({"task=super_resolution", "super_resolution={network: espcn, scale: 2, patch: 16, features: 8}",
             "optimizer={name: adam, lr: 0.001}", "loss={}"});
  const fs::path run = run_of(outcome);
  EXPECT_GT(outcome.json().at("best").at("mean_psnr"), 5.0);
  EXPECT_TRUE(lines_with(run, "validation").back().at("validation").contains("psnr_bicubic"));
  const fs::path model = run_of(train({"run.name=model", "train.max_steps=1"}));
  const Outcome used = facerec({"eval", "--model", model, "--data", "faces=" + small_faces() + "/eval", "--low-res",
                                "2", "--super-resolve", run, "--json"});
  ASSERT_EQ(used.exit_code, 0) << used.err;
  EXPECT_THAT(used.out, HasSubstr("ESPCN x2"));
}

struct Misfit {
  std::string name;
  std::vector<std::string> values;
  std::string complaint;
};

void PrintTo(const Misfit& misfit, std::ostream* stream) { *stream << misfit.name; }

class Misfits : public TrainTasks, public testing::WithParamInterface<Misfit> {};

// Found before the first step: no run is left.
TEST_P(Misfits, AreFoundBeforeTheFirstStep) {
  const Outcome outcome = train(GetParam().values);
  EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr(GetParam().complaint));
  EXPECT_THAT(outcome.err, testing::AnyOf(HasSubstr("--set "), HasSubstr("small.yaml: line ")));
  EXPECT_TRUE(!fs::exists(folder_ / "runs") || fs::is_empty(folder_ / "runs"));
}

INSTANTIATE_TEST_SUITE_P(
    Train, Misfits,
    testing::Values(Misfit{"FewImages", {"data.sampler={name: pk, identities: 1, images: 16}"}, "images"},
                    Misfit{"FewIdentities", {"data.sampler={name: pk, identities: 16, images: 1}"}, "identities"},
                    Misfit{"BatchOfPk", {"data.sampler={name: pk, identities: 2, images: 4}"}, "batch_size"},
                    Misfit{"NoLoss", {"loss.classification.weight=0"}, "nothing to learn"},
                    Misfit{"ForeignKey", {"head={name: softmax, t_alpha: 0.5}"}, "head.t_alpha"},
                    Misfit{"NoAttribute", {"task=attributes"}, "attribute"}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(TrainTasks, AMisfitNamesTheLineOfTheFile) {
  const std::string config = small_config(folder_.path(), "loss:\n  classification: {weight: 0}\n");
  const Outcome outcome = facerec({"train", config});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("small.yaml: line 10: "));
}

}  // namespace
}  // namespace facerec::test
