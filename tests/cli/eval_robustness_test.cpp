// Degraded images, the cache of embeddings, failures to process, and the page.
#include <gmock/gmock.h>

#include <map>
#include <pugixml.hpp>
#include <sstream>

#include "cli/small_model.h"
#include "support/images.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

TEST(EvalRobustness, LowResolutionStandsBesideTheImagesAsTheyAre) {
  const Outcome outcome = eval_faces({"--low-res", "2,8", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json results = outcome.json().at("results");
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results.at(0).at("condition"), nullptr);
  EXPECT_EQ(results.at(2).at("condition").at("kind"), "low_res");
  EXPECT_EQ(results.at(2).at("condition").at("severity"), 8);
  EXPECT_NE(results.at(0).at("auc"), results.at(2).at("auc"));
  EXPECT_EQ(eval_faces({"--low-res", "8", "--fail-under", "faces@lr8.accuracy=0.01"}).exit_code, 0);
}

TEST(EvalRobustness, OneSideOnly) {
  const auto auc = [](const std::string& side) {
    return eval_faces({"--low-res", "8", "--low-res-side", side, "--json"})
        .json()
        .at("results")
        .at(1)
        .at("auc")
        .get<double>();
  };
  EXPECT_NE(auc("first"), auc("both"));
}

TEST(EvalRobustness, Corruptions) {
  const Outcome outcome = eval_faces({"--corrupt", "blur,noise:1,5", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  std::vector<std::string> kinds;
  const Json json = outcome.json();
  for (const Json& result : json.at("results")) {
    kinds.push_back(result.at("condition").is_null() ? "" : result.at("condition").at("kind").get<std::string>());
  }
  EXPECT_EQ(kinds, (std::vector<std::string>{"", "blur", "blur", "noise", "noise"}));
  EXPECT_THAT(eval_faces({"--corrupt", "fog"}).err, HasSubstr("blur"));
  EXPECT_EQ(eval_faces({"--corrupt", "blur,blur:2", "--json"}).json().at("results").size(), 2U);  // once
  EXPECT_THAT(eval_faces({"--corrupt", "blur:3-1"}).err, HasSubstr("falls"));
  EXPECT_EQ(eval_faces({"--corrupt", ":3"}).exit_code, 2);
  EXPECT_EQ(eval_faces({"--corrupt", ""}).exit_code, 2);
  EXPECT_THAT(eval_faces({"--corrupt", "blur:9"}).err, HasSubstr("'9' is no severity"));
  EXPECT_THAT(eval_faces({"--super-resolve", "bicubic"}).err, HasSubstr("--low-res"));
}

TEST(EvalCache, AnsweredFromMemoryTheSecondTime) {
  const TemporaryFolder folder;
  const Environment environment{.variables = {{"XDG_CACHE_HOME", folder.path()}}};
  const auto results = [](const Outcome& outcome) { return outcome.json().at("results"); };
  const Outcome first = eval_faces({"--json", "--verbose"}, environment),
                second = eval_faces({"--json", "--verbose"}, environment);
  EXPECT_THAT(first.err, Not(HasSubstr("embeddings are known")));
  EXPECT_THAT(second.err, HasSubstr("embeddings are known"));
  EXPECT_EQ(results(first), results(second));
  const Outcome anew = eval_faces({"--json", "--verbose", "--no-cache"}, environment);
  EXPECT_THAT(anew.err, Not(HasSubstr("embeddings are known")));
  EXPECT_EQ(results(first), results(anew));
  EXPECT_THAT(eval_faces({"--verbose", "--flip", "no_flip"}, environment).err, Not(HasSubstr("embeddings are known")));
}

// An ONNX file's identity does not hold how its images are prepared.
TEST(EvalCache, OtherPreprocessingIsOther) {
  const TemporaryFolder folder;
  const Environment environment{.variables = {{"XDG_CACHE_HOME", folder.path()}}};
  const std::string model = folder / "model.onnx";
  ASSERT_EQ(facerec({"export", small_model(), model}).exit_code, 0);
  const auto auc = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"eval", "--model", model, "--data", small_faces() + "/eval", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = facerec(arguments, environment);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.json().at("results").at(0).at("distribution");
  };
  const Json rgb = auc({"--preprocess", "rgb"}), unit = auc({"--preprocess", "unit"});
  EXPECT_NE(rgb, unit);
  EXPECT_EQ(unit, auc({"--preprocess", "unit", "--no-cache"}));
}

// The first image that the pairs of a set name.
std::string first_image(const std::string& set) {
  std::istringstream list(read_text(set + "/pairs.txt"));
  std::string header, name;
  int number = 0;
  std::getline(list, header);
  list >> name >> number;
  char file[16];
  std::snprintf(file, sizeof file, "_%04d.jpg", number);
  return set + "/" + name + "/" + name + file;
}

TEST(EvalCache, OtherImagesAreOthers) {
  const TemporaryFolder folder;
  const Environment environment{.variables = {{"XDG_CACHE_HOME", folder.path()}}};
  const std::string copy = folder / "copy";
  fs::copy(small_faces() + "/eval", copy, fs::copy_options::recursive);
  const std::vector<std::string> arguments{"eval", "--model", small_model(), "--data", copy, "--json"};
  const Json before = facerec(arguments, environment).json().at("results").at(0);
  const std::string image = first_image(copy);
  write_file(image, encode_jpeg(flat_image(32, 9, 9, 9), 90));
  const Json after = facerec(arguments, environment).json().at("results").at(0);
  EXPECT_NE(before.at("data_identity"), after.at("data_identity"));
  EXPECT_NE(before.at("auc"), after.at("auc"));
}

TEST(EvalReport, IsOnePageWithTheNumbersOfTheJson) {
  const TemporaryFolder folder;
  const std::string out = folder / "report";
  const Outcome outcome = eval_faces({"--low-res", "2", "--out", out, "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json json = Json::parse(read_text(out + "/evaluation.json"));
  EXPECT_EQ(json, outcome.json());
  const std::string page = read_text(out + "/report.html");
  for (const char* outside : {"src=\"http", "href=\"http", "@import", "url(http"})
    EXPECT_THAT(page, Not(HasSubstr(outside)));
  EXPECT_THAT(page, HasSubstr("data:image/jpeg;base64,"));  // the pairs it got wrong
  EXPECT_THAT(page, HasSubstr(json.at("models").at(0).at("identity").get<std::string>()));
  EXPECT_THAT(read_text(out + "/evaluation.txt"), HasSubstr("faces : "));
  for (const auto& entry : fs::directory_iterator(out)) {
    if (entry.path().extension() != ".svg") continue;
    pugi::xml_document svg;
    EXPECT_TRUE(svg.load_file(entry.path().c_str())) << entry.path();
  }
}

// A photograph without a face is a failure to acquire: the person is not recognised, and nobody else is either.
TEST(EvalFailures, PhotographsWithoutAFaceNeverMatch) {
  if (test_data().empty()) GTEST_SKIP() << "set FACEREC_TEST_DATA to the folder that has reference/ and data/";
  const TemporaryFolder folder;
  const fs::path raw = test_data() / "data/lfw_fold1_raw250";
  std::map<std::string, std::vector<std::string>> people;
  for (const auto& entry : fs::recursive_directory_iterator(raw)) {
    if (entry.path().extension() == ".jpg") {
      people[entry.path().parent_path().filename()].push_back(entry.path().lexically_relative(raw));
    }
  }
  std::string pairs;
  std::string first, last;
  for (const auto& [name, images] : people) {
    if (images.size() < 2) continue;
    for (size_t i = 0; i < 2; ++i) {
      fs::create_directories((folder / ("set/" + images[i])).parent_path());
      fs::copy_file(raw / images[i], folder / ("set/" + images[i]));
    }
    pairs += images[0] + " " + images[1] + " 1\n";
    if (!last.empty()) pairs += last + " " + images[0] + " 0\n";
    if (first.empty()) first = images[0];
    last = images[0];
  }
  write_png(folder / "set/none/flat.png", flat_image(250, 90, 90, 90));
  pairs += "none/flat.png " + last + " 1\n" + "none/flat.png " + first + " 0\n";
  write_file(folder / "set/pairs.txt", pairs);
  const auto result = [&](const char* no_face) {
    const Outcome outcome = facerec({"eval", "--model", test_data() / "data/weights/MobileFaceNet_foamliu.onnx",
                                     "--data", folder / "set", "--align", "mtcnn", "--no-face", no_face, "--json"},
                                    {.variables = {{"FACEREC_MODELS", test_data() / "data/weights"}}});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.json().at("results").at(0);
  };
  const Json counted = result("count"), centred = result("center");
  EXPECT_EQ(counted.at("failures").at("images"), 1);
  EXPECT_EQ(counted.at("failures").at("pairs"), 2);
  EXPECT_EQ(counted.at("pairs"), centred.at("pairs"));
  EXPECT_EQ(centred.at("alignment").at("centred"), 1);
  EXPECT_EQ(centred.at("failures").at("images"), 0);
  EXPECT_GT(counted.at("fnmr_at_fmr").at("1e-1").at("value"), 0);
}

}  // namespace
}  // namespace facerec::test
