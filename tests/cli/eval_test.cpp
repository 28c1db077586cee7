#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;

// A model that was trained for two steps: what is tested here does not depend on how good it is.
class Eval : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    const Outcome trained = facerec({"train", small_config(folder_->path()), "--set", "train.max_steps=2", "--json"});
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    run_ = trained.json().at("run");
  }
  static void TearDownTestSuite() { delete folder_; }

  static Outcome eval(const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"eval", "--model", run_, "--data", "faces=" + small_faces() + "/eval"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return facerec(arguments);
  }

  static std::string file(const std::string& name) { return *folder_ / name; }

  static inline TemporaryFolder* folder_ = nullptr;
  static inline std::string run_;
};

TEST_F(Eval, JsonHoldsTheSchema) {
  const Outcome outcome = eval({"--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = outcome.json();
  EXPECT_EQ(json.at("schema"), 1);
  EXPECT_EQ(json.at("models").at(0).at("architecture"), "ir_tiny");
  EXPECT_EQ(json.at("models").at(0).at("identity").get<std::string>().size(), 64U);
  const auto& result = json.at("results").at(0);
  EXPECT_EQ(result.at("data"), "faces");
  EXPECT_EQ(result.at("pairs"), 40);
  EXPECT_EQ(result.at("accuracy").at("mean"), json.at("mean_accuracy"));
  EXPECT_TRUE(result.at("tar_at_far").at("1e-3").contains("supported"));
}

TEST_F(Eval, AllNamesOfAModelMeanTheSameModel) {
  std::vector<std::string> identities;
  for (const std::string& model : {run_, run_ + "/best", run_ + "/best/backbone.safetensors"}) {
    const Outcome outcome = facerec({"eval", "--model", model, "--data", small_faces() + "/eval", "--json"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    identities.push_back(outcome.json().at("models").at(0).at("identity"));
  }
  EXPECT_EQ(identities[0], identities[1]);
  EXPECT_EQ(identities[0], identities[2]);
}

TEST_F(Eval, ACpuRunNeverOpensCuda) {
  const Outcome outcome = facerec({"eval", "--model", run_, "--data", small_faces() + "/eval", "--device", "cpu"},
                                  {{{"LD_DEBUG", "files"}}});
  ASSERT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("libtorch_cpu.so"));
  EXPECT_THAT(outcome.err, testing::Not(HasSubstr("libtorch_cuda.so")));
}

TEST_F(Eval, WritesAReportOnce) {
  const std::string out = file("report");
  const Outcome first = eval({"--out", out, "--baselines"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("grey pixels"));
  for (const char* name : {"evaluation.json", "evaluation.txt", "report.html", "roc.svg", "roc.png"}) {
    EXPECT_TRUE(fs::exists(fs::path(out) / name)) << name;
  }
  EXPECT_EQ(eval({"--out", out}).exit_code, 2);
  EXPECT_EQ(eval({"--out", out, "--force"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(fs::path(out) / "scores_1.svg"));  // of the models that were compared before
}

TEST_F(Eval, AReportLeavesOtherPicturesAlone) {
  const fs::path out = file("mixed");
  fs::create_directories(out);
  write_file(out / "roc_mine.png", "mine");
  EXPECT_EQ(eval({"--out", out}).exit_code, 0);
  EXPECT_EQ(read_text(out / "roc_mine.png"), "mine");
}

TEST_F(Eval, FailUnderExitsWithFour) {
  EXPECT_EQ(eval({"--fail-under", "1.0"}).exit_code, 4);
  EXPECT_EQ(eval({"--fail-under", "0.1"}).exit_code, 0);
}

TEST_F(Eval, FlipRulesDiffer) {
  std::set<double> norms;
  for (const char* rule : {"flip_sum", "no_flip", "flip_concat"}) {
    const Outcome outcome = eval({"--flip", rule, "--json"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    norms.insert(outcome.json().at("results").at(0).at("auc").get<double>());
  }
  EXPECT_GE(norms.size(), 2U);
}

TEST_F(Eval, BatchSizeAndThreadsDoNotChangeTheFigures) {
  const auto a = eval({"--batch-size", "7", "--threads", "1", "--no-cache", "--json"}).json();
  const auto b = eval({"--batch-size", "64", "--no-cache", "--json"}).json();
  EXPECT_EQ(a.at("mean_accuracy"), b.at("mean_accuracy"));
}

TEST_F(Eval, EnginesGiveTheSameFigures) {
  auto auc = [](const Outcome& outcome) { return outcome.json().at("results").at(0).at("auc").get<double>(); };
  const Outcome expected = eval({"--engine", "libtorch", "--json"});
  ASSERT_EQ(expected.exit_code, 0) << expected.err;
  for (const char* precision : {"fp32", "bf16", "auto"}) {
    const Outcome outcome = eval({"--engine", "openvino", "--precision", precision, "--json"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("computed by openvino on cpu in "));
    EXPECT_NEAR(auc(outcome), auc(expected), 0.02);
  }
}

TEST_F(Eval, SaysWhichEngineCannotCompute) {
  const Outcome half = eval({"--precision", "fp16", "--device", "cpu"});
  EXPECT_EQ(half.exit_code, 2);
  EXPECT_THAT(half.err, HasSubstr("--precision bf16"));
  const Outcome onnx = facerec({"export", run_, file("model.onnx")});
  ASSERT_EQ(onnx.exit_code, 0) << onnx.err;
  const Outcome torch =
      facerec({"eval", "--model", file("model.onnx"), "--data", small_faces() + "/eval", "--engine", "libtorch"});
  EXPECT_EQ(torch.exit_code, 2);
  EXPECT_THAT(torch.err, HasSubstr("leave --engine libtorch out"));
}

TEST_F(Eval, SaysWhatIsWrong) {
  write_file(file("none.txt"), "");
  write_file(file("absent.txt"), "a.jpg b.jpg 1\n");
  const std::string faces = small_faces() + "/eval";
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    const char* message;
  };
  for (const Case& c :
       {Case{{"--model", run_, "--data", "/no/such"}, 2, "does not exist"},
        Case{{"--model", "/no/such", "--data", faces}, 2, "does not exist"},
        Case{{"--model", small_faces(), "--data", faces}, 2, "holds no model"},
        Case{{"--model", faces + "/pairs.txt", "--data", faces}, 1, "is text, not a model"},
        Case{{"--model", run_, "--data", faces, "--pairs", file("none.txt")}, 2, "no pairs"},
        Case{{"--model", run_, "--data", faces, "--pairs", file("absent.txt")}, 2, "named in line 1"},
        Case{{"--model", run_, "--data", faces, "--pairs", file("absent.txt"), "--skip-missing"}, 2, "no pairs"},
        Case{{"--model", run_, "--data", faces, "--data", faces}, 2, "two data sets"},
        Case{{"--model", run_, "--data", faces, "--pairs", "other=x"}, 2, "none of the data sets"},
        Case{{"--model", run_, "--data", faces, "--pairs", "x", "--pairs", "y"}, 2, "is given twice"},
        Case{{"--model", run_, "--data", faces, "--pairs", "x", "--protocol", "all_pairs"}, 2, "takes no --pairs"},
        Case{{"--model", run_, "--data", faces, "--no-face", "center"}, 2, "--no-face is for --align"},
        Case{{"--model", run_, "--data", faces, "--tolerance", "0.5"}, 2, "--tolerance is for --baseline"}}) {
    std::vector<std::string> arguments{"eval"};
    arguments.insert(arguments.end(), c.arguments.begin(), c.arguments.end());
    const Outcome outcome = facerec(arguments);
    EXPECT_EQ(outcome.exit_code, c.exit_code) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(c.message));
  }
}

TEST_F(Eval, ABrokenImageIsAnError) {
  const fs::path copy = file("copy");
  fs::copy(small_faces() + "/eval", copy, fs::copy_options::recursive);
  for (const auto& entry : fs::recursive_directory_iterator(copy)) {
    if (entry.path().extension() == ".jpg") fs::resize_file(entry.path(), 100);
  }
  const Outcome outcome = facerec({"eval", "--model", run_, "--data", copy});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr(".jpg: "));
}

TEST_F(Eval, SkipMissingLeavesOutAbsentAndBrokenImages) {
  const fs::path copy = file("gaps");
  fs::copy(small_faces() + "/eval", copy, fs::copy_options::recursive);
  // The first two pairs of the list: an image of the one is absent, an image of the other empty.
  std::ifstream list(copy / "pairs.txt");
  std::string header, name;
  int first = 0, second = 0;
  std::getline(list, header);
  auto next_image = [&] {
    list >> name >> first >> second;
    char number[8];
    std::snprintf(number, sizeof number, "_%04d", first);
    return copy / name / (name + number + ".jpg");
  };
  ASSERT_TRUE(fs::remove(next_image()));
  write_file(next_image(), "");
  const Outcome outcome = facerec({"eval", "--model", run_, "--data", copy, "--skip-missing", "--json"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  const auto result = outcome.json().at("results").at(0);
  EXPECT_GT(result.at("missing_pairs"), 0);
  EXPECT_EQ(result.at("missing_pairs").get<int>() + result.at("pairs").get<int>(), 40);
}

TEST_F(Eval, ATamperedModelIsRefused) {
  const std::string path = file("tampered.safetensors");
  std::string bytes = read_text(run_ + "/best/backbone.safetensors");
  const size_t at = bytes.find("\"embedding_size\":\"16\"");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 21, "\"embedding_size\":\"99\"");
  write_file(path, bytes);
  const Outcome outcome = facerec({"eval", "--model", path, "--data", small_faces() + "/eval"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("tampered.safetensors"));
}

}  // namespace
}  // namespace facerec::test
