// Data sets in their published forms, as a user meets them: train, eval, pack, info.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <thread>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/manifest.h"

namespace facerec::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

Outcome pack(const std::string& in, const std::string& out, const std::string& format,
             const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{"pack", in, out, "--to", format, "--json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return facerec(arguments);
}

// Step and loss of every step.
std::string curve(const Outcome& trained) {
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  std::istringstream lines(read_text(fs::path(trained.json().at("run").get<std::string>()) / "metrics.jsonl"));
  std::string losses;
  for (std::string line; std::getline(lines, line);) {
    const json step = json::parse(line);
    if (step.contains("loss")) losses += step.at("step").dump() + " " + step.at("loss").dump() + "\n";
  }
  return losses;
}

TEST(DataSets, TrainTheSameFromEveryForm) {
  const TemporaryFolder folder;
  const std::string faces = small_faces() + "/train", config = small_config(folder.path());
  ASSERT_EQ(pack(faces, folder / "rec", "recordio").exit_code, 0);
  ASSERT_EQ(pack(folder / "rec/train.rec", folder / "a.tfrecord", "tfrecord").exit_code, 0);
  ASSERT_EQ(pack(faces, folder / "list.txt", "list").exit_code, 0);
  auto train = [&](const std::string& data) {
    return curve(facerec({"train", config, "--data", data, "--set", "train.epochs=1", "--json"}));
  };
  const std::string expected = train(faces);
  EXPECT_THAT(expected, HasSubstr("\n6 "));
  for (const char* form : {"rec", "a.tfrecord", "list.txt"}) EXPECT_EQ(train(folder / form), expected) << form;
}

json figures(const Outcome& evaluated) {
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.err;
  json result = evaluated.json().at("results").at(0);
  result.erase("data");
  result.erase("data_identity");
  result.erase("notes");      // some forms tell identities, and so who is in several folds
  result.erase("mean_norm");  // of the images as the set holds them: a .bin repeats those of several pairs
  return result;
}

// The first `count` same and different pairs of a list of one fold in LFW's form.
std::string some_pairs(const fs::path& list, int count) {
  std::istringstream lines(read_text(list));
  std::string line, text = std::to_string(count) + "\n";
  std::getline(lines, line);
  int same = 0, different = 0;
  while (std::getline(lines, line)) {
    int& kind = std::count(line.begin(), line.end(), '\t') == 2 ? same : different;
    if (kind++ < count) text += line + "\n";
  }
  return text;
}

TEST(DataSets, EvaluateTheSameFromEveryForm) {
  FACEREC_NEEDS_TEST_DATA();
  const TemporaryFolder folder;
  const std::string model = test_data() / "data/weights/mobilefacenet_foamliu.pt";
  const std::string faces = test_data() / "data/lfw_fold1_aligned", pairs = folder / "pairs.txt";
  write_file(pairs, some_pairs(test_data() / "data/pairs_fold1.txt", 30));
  ASSERT_EQ(pack(faces, folder / "lfw.bin", "bin", {"--pairs", pairs}).exit_code, 0);
  ASSERT_EQ(pack(folder / "lfw.bin", folder / "bcolz/lfw", "bcolz").exit_code, 0);
  ASSERT_EQ(pack(folder / "bcolz/lfw", folder / "folder", "folder").exit_code, 0);
  const json expected =
      figures(facerec({"eval", "--model", model, "--data", faces, "--pairs", pairs, "--bootstrap", "0", "--json"}));
  EXPECT_EQ(expected.at("pairs"), 60);
  for (const char* form : {"lfw.bin", "bcolz/lfw", "folder"}) {
    EXPECT_EQ(figures(facerec({"eval", "--model", model, "--data", folder / form, "--bootstrap", "0", "--json"})),
              expected)
        << form;
  }
}

TEST(DataSets, AFolderLaidOutAsFaceEvolvesIsUnderstood) {
  const TemporaryFolder folder;
  const std::string faces = small_faces();
  fs::create_directories(folder / "data/cfp_align_112");
  fs::create_directory_symlink(faces + "/train", folder / "data/imgs");
  ASSERT_EQ(pack(faces + "/eval", folder / "data/cfp_align_112/cfp_fp.bin", "bin").exit_code, 0);
  write_file(folder / "small.yaml", "data: {root: " + (folder / "data").string() +
                                        "}\n"
                                        "model: {name: ir_tiny, embedding_size: 16, input: [32, 32]}\n"
                                        "train: {batch_size: 16, max_steps: 2, precision: fp32}\n"
                                        "run: {dir: " +
                                        (folder / "runs").string() + ", device: cpu}\n");
  const Outcome outcome = facerec({"train", folder / "small.yaml", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("evaluation").at("results").at(0).at("data"), "cfp_fp");
}

TEST(DataSets, SeveralAreMixedAndMerged) {
  const TemporaryFolder folder;
  const std::string faces = small_faces() + "/train";
  ASSERT_EQ(pack(faces, folder / "rec", "recordio").exit_code, 0);
  const std::string config = small_config(folder.path(), "");
  auto classes = [&](const std::string& space) {
    const Outcome outcome =
        facerec({"train", config, "--set",
                 "data.train=[{path: " + faces + ", weight: 0.5}, {path: " + folder.path().string() + "/rec}]", "--set",
                 "data.label_space=" + space, "--set", "train.max_steps=1", "--json"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const std::string log = read_text(fs::path(outcome.json().at("run").get<std::string>()) / "train.log");
    return log.find("24 identities") != std::string::npos   ? 24
           : log.find("12 identities") != std::string::npos ? 12
                                                            : 0;
  };
  EXPECT_EQ(classes("joined"), 24);
  EXPECT_EQ(classes("by_name"), 12);
}

TEST(DataSets, RecordsThatCannotBeUsedAreSkippedAndNamed) {
  FACEREC_NEEDS_TEST_DATA();
  const TemporaryFolder folder;
  fs::copy(formats() / "corrupt/tfrecord/label_missing.tfrecord", folder / "a.tfrecord");
  const std::vector<std::string> train{"train",  small_config(folder.path()), "--data", folder / "a.tfrecord",
                                       "--data", small_faces() + "/train",    "--set",  "train.max_steps=1"};
  auto with = [&](const char* option) {
    std::vector<std::string> arguments = train;
    arguments.emplace_back(option);
    return facerec(arguments);
  };
  const Outcome outcome = with("--json");
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(read_text(fs::path(outcome.json().at("run").get<std::string>()) / "bad_inputs.txt"),
              HasSubstr("a.tfrecord"));
  EXPECT_EQ(with("--strict").exit_code, 1);
}

TEST(DataSets, WhatDoesNotBelongTogetherIsRefused) {
  const TemporaryFolder folder;
  const std::string faces = small_faces(), config = small_config(folder.path(), "");
  auto told = [](const std::vector<std::string>& arguments) {
    const Outcome outcome = facerec(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(told({"train", config, "--data", faces + "/train", "--set", "data.train.0.path=x", "--set",
                    "data.train.0.label=kface"}),
              HasSubstr("data.train.0.path=PATH"));
  EXPECT_THAT(told({"info", faces + "/train", "--out", folder / "o.txt"}), HasSubstr("--out is for --against"));
  EXPECT_THAT(told({"eval", "--model", "absent", "--data", "a=/absent", "--pairs", "c=f"}),
              HasSubstr("--pairs c=f belongs to none"));
  EXPECT_THAT(told({"pack", faces + "/eval", folder / "eval.bin", "--to", "bin", "--label", "kface"}),
              HasSubstr("label, where and columns are for training sets"));
}

// Four pairs cannot be cut into ten folds.
TEST(DataSets, AnEvaluationSetThatIsTooSmallIsNamed) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "data");
  fs::create_directory_symlink(small_faces() + "/train", folder / "data/imgs");
  std::string pairs;
  for (int i = 1; i <= 4; ++i) pairs += "id00001/id00001_0001.jpg id00001/id00001_0002.jpg 1\n";
  fs::create_directories(folder / "data/tiny");
  fs::copy(small_faces() + "/train/id00001", folder / "data/tiny/id00001", fs::copy_options::recursive);
  write_file(folder / "data/tiny/pairs.txt", pairs);
  const std::string config = small_config(folder.path(), "");
  write_file(folder / "found.yaml", "data: {root: " + (folder / "data").string() +
                                        "}\nmodel: {name: ir_tiny, embedding_size: 16, input: [32, 32]}\n"
                                        "train: {batch_size: 16, max_steps: 1, precision: fp32}\nrun: {dir: " +
                                        (folder / "runs").string() + ", device: cpu}\n");
  const Outcome found = facerec({"train", folder / "found.yaml"});
  EXPECT_EQ(found.exit_code, 0) << found.err;
  EXPECT_THAT(found.err, HasSubstr("left out: " + (folder / "data/tiny").string()));
  const Outcome asked = facerec({"train", config, "--data", folder / "data/imgs", "--set",
                                 "validation.data.0.path=" + (folder / "data/tiny").string()});
  EXPECT_NE(asked.exit_code, 0);
  EXPECT_THAT(asked.err, testing::AllOf(HasSubstr("'tiny'"), HasSubstr((folder / "data/tiny").string())));
}

TEST(Pack, GoesAroundWithoutChangingABit) {
  FACEREC_NEEDS_TEST_DATA();
  const TemporaryFolder folder;
  const std::string faces = formats() / "folder";
  const Outcome rec = pack(faces, folder / "rec", "recordio");
  ASSERT_EQ(rec.exit_code, 0) << rec.err;
  EXPECT_EQ(rec.json().at("images"), 32);
  EXPECT_EQ(rec.json().at("identities"), 12);
  ASSERT_EQ(pack(folder / "rec", folder / "a.tfrecord", "tfrecord").exit_code, 0);
  ASSERT_EQ(pack(folder / "a.tfrecord", folder / "out", "folder").exit_code, 0);
  for (const auto& entry : fs::recursive_directory_iterator(faces)) {
    if (entry.path().extension() != ".jpg") continue;
    EXPECT_EQ(read_text(folder / "out" / entry.path().lexically_relative(faces)), read_text(entry.path()));
  }
}

// A list that names the same few images very often: seconds of work.
std::string long_list(const TemporaryFolder& folder) {
  std::string text;
  for (int i = 0; i < 60000; ++i) {
    const std::string person = "id0000" + std::to_string(1 + i % 8);
    text += person + "/" + person + "_000" + std::to_string(1 + i % 7) + ".jpg " + std::to_string(i % 8) + "\n";
  }
  write_file(folder / "list.txt", text);
  return folder / "list.txt";
}

TEST(Pack, AKilledOneIsResumedToTheSameBytes) {
  const TemporaryFolder folder;
  const std::string list = long_list(folder), root = small_faces() + "/train";
  ASSERT_EQ(pack(list, folder / "whole", "recordio", {"--root", root}).exit_code, 0);
  for (const int signal : {SIGTERM, SIGKILL}) {
    const std::string out = folder / ("killed" + std::to_string(signal));
    Process process({"pack", list, out, "--to", "recordio", "--root", root});
    while (!fs::exists(out + "/train.rec.part") || fs::file_size(out + "/train.rec.part") < 4'000'000) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    process.send(signal);
    EXPECT_EQ(process.wait().exit_code, 128 + signal);
    EXPECT_FALSE(fs::exists(out + "/train.rec"));
    EXPECT_EQ(pack(list, out, "recordio", {"--root", root}).exit_code, 2);
    ASSERT_EQ(pack(list, out, "recordio", {"--root", root, "--resume"}).exit_code, 0);
    for (const char* file : {"train.rec", "train.idx", "train.lst", "property"}) {
      EXPECT_TRUE(read_text(folder / "whole" / file) == read_text(fs::path(out) / file)) << file;
    }
  }
}

TEST(Pack, SaysWhatDoesNotFit) {
  const TemporaryFolder folder;
  const std::string faces = small_faces();
  EXPECT_THAT(pack(faces + "/train", folder / "a.bin", "bin").err, HasSubstr("--pairs 6000 draws"));
  EXPECT_EQ(pack(folder / "absent", folder / "a", "folder").exit_code, 2);
  EXPECT_EQ(pack(faces + "/train", folder / "a", "zip").exit_code, 2);
  EXPECT_THAT(pack(faces + "/train", folder / "a.bin", "bin", {"--pairs", "6000"}).err, HasSubstr("fewer pairs"));
  ASSERT_EQ(pack(faces + "/eval", folder / "a.bin", "bin", {"--pairs", "20"}).exit_code, 0);
  EXPECT_THAT(pack(folder / "a.bin", folder / "b", "recordio").err, HasSubstr("which recordio cannot hold"));
}

TEST(InfoDataSet, CountsWhatIsThere) {
  const Outcome outcome = facerec({"info", small_faces() + "/train", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const json info = outcome.json();
  EXPECT_EQ(info.at("kind"), "dataset");
  EXPECT_EQ(info.at("format"), "folder");
  EXPECT_EQ(info.at("images"), 96);
  EXPECT_EQ(info.at("identities"), 12);
  EXPECT_EQ(info.at("images_per_identity").at("median"), 8);
  EXPECT_EQ(info.at("images_per_identity").at("histogram"), json::parse(R"([{"from":6,"to":10,"identities":12}])"));
  EXPECT_EQ(info.at("sizes"), json::parse(R"([{"width":32,"height":32,"images":96}])"));
  EXPECT_EQ(info.at("problems").at("count"), 0);
}

TEST(InfoDataSet, KnowsEveryGoldenSet) {
  FACEREC_NEEDS_TEST_DATA();
  const TemporaryFolder folder;
  // In a copy: an index is kept beside each record file.
  fs::copy(formats(), folder / "formats", fs::copy_options::recursive);
  for (const json& entry : manifest().at("good")) {
    const std::string path = entry.at("path");
    const Outcome outcome = facerec({"info", (folder / "formats") / path, "--verify", "--json"});
    ASSERT_EQ(outcome.exit_code, 0) << path << outcome.err;
    const json info = outcome.json();
    EXPECT_EQ(info.at("images"), entry.at("images")) << path;
    EXPECT_EQ(info.at("format").get<std::string>().substr(0, 3), entry.at("format").get<std::string>().substr(0, 3));
    EXPECT_EQ(info.at("problems").at("count"), 0) << path;
    if (entry.contains("pairs")) {
      EXPECT_EQ(info.at("pairs"), entry.at("pairs")) << path;
    }
  }
  EXPECT_EQ(facerec({"info", folder / "formats/bin", "--json"}).json().at("sets").size(), 10U);
  EXPECT_EQ(facerec({"info", folder / "formats/bcolz", "--json"}).json().at("sets").size(), 8U);
}

TEST(InfoDataSet, VerifyFindsDamagedImages) {
  FACEREC_NEEDS_TEST_DATA();
  const Outcome outcome = facerec({"info", formats() / "corrupt/folder/jpeg_truncated", "--verify", "--json"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.json().at("problems").at("list").at(0).at("name").get<std::string>(), HasSubstr("a/0002.jpg"));
}

TEST(InfoDataSet, FindsWhatTrainingAndEvaluationSetShare) {
  FACEREC_NEEDS_TEST_DATA();
  const TemporaryFolder folder;
  const std::string faces = test_data() / "data/lfw_fold1_aligned", pairs = test_data() / "data/pairs_fold1.txt";
  // A stranger, and two who are in the benchmark: one under the same name, one under another.
  fs::create_directories(folder / "train");
  fs::copy(small_faces() + "/train/id00001", folder / "train/stranger");
  fs::copy(faces + "/Abdel_Madi_Shabneh", folder / "train/abdel madi shabneh");
  fs::copy(faces + "/Abdul_Rahman", folder / "train/someone");
  write_file(folder / "train/stranger/broken.jpg", "no image");
  const Outcome outcome =
      facerec({"info", folder / "train", "--against", faces, "--against-pairs", pairs, "--model",
               test_data() / "data/weights/mobilefacenet_foamliu.pt", "--out", folder / "overlap.txt", "--json"});
  ASSERT_EQ(outcome.exit_code, 3) << outcome.err;  // one image could not be compared
  const json against = outcome.json().at("against");
  EXPECT_EQ(against.at("not_compared"), 1);
  ASSERT_EQ(against.at("identities").size(), 1U);
  EXPECT_EQ(against.at("identities").at(0).at("identity"), "abdel madi shabneh");
  std::set<std::string> found;
  for (const json& each : against.at("near_duplicates")) {
    found.insert(fs::path(each.at("image").get<std::string>()).parent_path());
    EXPECT_GT(each.at("cosine"), 0.999);
  }
  EXPECT_EQ(found, (std::set<std::string>{"abdel madi shabneh", "someone"}));
  ASSERT_EQ(pack(folder / "train", folder / "clean", "folder", {"--exclude", folder / "overlap.txt"}).exit_code, 3);
  EXPECT_EQ(facerec({"info", folder / "clean", "--json"}).json().at("identities"), 1);
  EXPECT_TRUE(fs::exists(folder / "clean/stranger"));
}

}  // namespace
}  // namespace facerec::test
