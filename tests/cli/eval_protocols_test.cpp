// The protocols of eval_model beside LFW's, each from files as their authors lay them out.
#include <gmock/gmock.h>

#include <sstream>

#include "cli/small_model.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

// The images of the small set: eval_model/<identity>/<identity>_0001.jpg …
std::vector<std::string> identities() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(small_faces() + "/eval")) {
    if (entry.is_directory()) names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> images_of(const std::string& identity) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(small_faces() + "/eval/" + identity)) {
    paths.push_back(identity + "/" + entry.path().filename().string());
  }
  std::ranges::sort(paths);
  return paths;
}

Outcome eval_model(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"eval", "--model", small_model()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return facerec(arguments);
}

Json result_of(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = more;
  arguments.emplace_back("--json");
  const Outcome outcome = eval_model(arguments);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return outcome.json().at("results").at(0);
}

TEST(EvalProtocols, SearchesInAGallery) {
  const TemporaryFolder folder;
  std::string gallery, probes;
  const std::vector<std::string> people = identities();
  ASSERT_GE(people.size(), 4U);
  for (size_t i = 0; i < people.size(); ++i) {
    const std::vector<std::string> images = images_of(people[i]);
    if (i > 0) gallery += images.front() + "\n";  // the first is a stranger
    for (size_t k = 1; k < images.size(); ++k) probes += images[k] + " " + people[i] + "\n";
  }
  write_file(folder / "gallery.txt", gallery);
  write_file(folder / "probes.txt", probes);
  const Json result = result_of({"--data", "faces=" + small_faces() + "/eval", "--gallery", folder / "gallery.txt",
                                 "--probes", folder / "probes.txt"});
  EXPECT_EQ(result.at("protocol"), "identification");
  EXPECT_EQ(result.at("gallery").at("people"), people.size() - 1);
  EXPECT_GT(result.at("searches").at("nonmated"), 0);
  EXPECT_GE(result.at("rank5").get<double>(), result.at("rank1").get<double>());

  const std::string lists[] = {"--data", small_faces() + "/eval", "--gallery", folder / "gallery.txt", "--probes"};
  const Json themselves = result_of({lists[0], lists[1], lists[2], lists[3], lists[4], folder / "gallery.txt"});
  EXPECT_THAT(themselves.at("notes").dump(), HasSubstr("they find themselves"));
  for (const std::vector<std::string>& option :
       {std::vector<std::string>{"--score", "euclidean"}, {"--threshold", "0.4"}, {"--low-res-side", "first"}}) {
    const Outcome outcome = eval_model({lists[0], lists[1], lists[2], lists[3], lists[4], folder / "probes.txt",
                                        "--low-res", "2", option[0], option[1]});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("is for pairs"));
  }

  const Outcome half = eval_model({"--data", small_faces() + "/eval", "--gallery", folder / "gallery.txt"});
  EXPECT_EQ(half.exit_code, 2);
  EXPECT_THAT(half.err, HasSubstr("give --gallery and --probes"));
}

TEST(EvalProtocols, TemplatesOfIjb) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "ijb/meta");
  std::string media, pairs;
  const std::vector<std::string> people = identities();
  int id = 0, medium = 0;
  for (const std::string& person : people) {
    const std::vector<std::string> images = images_of(person);
    for (size_t k = 0; k < images.size(); ++k) {
      const fs::path to = folder / ("ijb/loose_crop/" + images[k]);
      fs::create_directories(to.parent_path());
      fs::copy_file(fs::path(small_faces()) / "eval" / images[k], to);
      const size_t half = k * 2 / images.size();  // two templates a person
      media += images[k] + " " + std::to_string(id + static_cast<int>(half)) + " " + std::to_string(medium++) + "\n";
    }
    pairs += std::to_string(id) + " " + std::to_string(id + 1) + " 1\n";
    if (id > 0) pairs += std::to_string(id) + " " + std::to_string(id - 1) + " 0\n";
    id += 2;
  }
  write_file(folder / "ijb/meta/x_face_tid_mid.txt", media);
  write_file(folder / "ijb/meta/x_template_pair_label.txt", pairs);
  const Json result = result_of({"--data", folder / "ijb"});
  EXPECT_EQ(result.at("protocol"), "templates");
  EXPECT_EQ(result.at("data"), "ijb");
  EXPECT_EQ(result.at("templates"), 2 * people.size());
  EXPECT_EQ(result.at("pairs"), 2 * people.size() - 1);
  EXPECT_TRUE(result.at("tar_at_far").contains("1e-6"));

  // Other points are other crops, whatever is remembered of the images.
  const auto with_points = [&](double scale) {
    std::istringstream lines(media);
    std::string points;
    for (std::string line; std::getline(lines, line);) {
      points += line.substr(0, line.find(' '));
      for (const double x : {11.0, 15.0, 21.0, 15.0, 16.0, 20.0, 12.0, 26.0, 20.0, 26.0}) {
        points += " " + std::to_string(x * scale);
      }
      points += " 1\n";
    }
    write_file(folder / "ijb/meta/x_name_5pts_score.txt", points);
    return result_of({"--data", folder / "ijb"});
  };
  const Json whole = with_points(1), corner = with_points(0.5);
  EXPECT_NE(whole.at("distribution"), corner.at("distribution"));
  EXPECT_NE(whole.at("data_identity"), corner.at("data_identity"));
}

TEST(EvalProtocols, EveryImageWithEveryOther) {
  const Json result = result_of({"--data", "mfr=" + small_faces() + "/eval", "--protocol", "all_pairs"});
  EXPECT_EQ(result.at("protocol"), "all_pairs");
  size_t images = 0;
  for (const std::string& person : identities()) images += images_of(person).size();
  EXPECT_EQ(result.at("pairs"), images * (images - 1) / 2);
  EXPECT_EQ(result.at("same").get<size_t>() + result.at("different").get<size_t>(), images * (images - 1) / 2);
}

// Triarchy's form: 1 is a different pair, the threshold is the median distance, and the test has no labels.
class PairTables : public testing::Test {
 protected:
  void SetUp() override {
    const std::vector<std::string> people = identities();
    for (size_t i = 0; i < people.size(); ++i) {
      const std::vector<std::string> a = images_of(people[i]), b = images_of(people[(i + 1) % people.size()]);
      rows_.push_back(a[0] + "," + a[1]);
      rows_.push_back(a[0] + "," + b[0]);
    }
    std::string labelled = "image1,image2,label\n", bare = "image1,image2\n";
    for (size_t i = 0; i < rows_.size(); ++i) {
      labelled += rows_[i] + (i % 2 == 0 ? ",0\n" : ",1\n");
      bare += rows_[i] + "\n";
    }
    write_file(folder_ / "labelled.csv", labelled);
    write_file(folder_ / "bare.csv", bare);
  }

  Outcome run(const std::string& list, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{
        "--data",   "t=" + small_faces() + "/eval", "--pairs", folder_ / list, "--score", "euclidean", "--positive",
        "different"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return eval_model(arguments);
  }

  const TemporaryFolder folder_;
  std::vector<std::string> rows_;
};

TEST_F(PairTables, MedianThresholdStandsBesideTheFoldsOne) {
  const Outcome outcome = run("labelled.csv", {"--threshold", "median", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json result = outcome.json().at("results").at(0);
  EXPECT_EQ(result.at("same"), rows_.size() / 2);
  EXPECT_EQ(result.at("fixed_threshold").at("from_test_scores"), true);
  EXPECT_GT(result.at("fixed_threshold").at("threshold"), 0);
  EXPECT_TRUE(result.at("accuracy").at("mean").is_number());
  EXPECT_EQ(result.at("score"), "euclidean");
}

TEST_F(PairTables, PredictionsNeedNoLabels) {
  const std::string out = folder_ / "preds.csv";
  const Outcome outcome = run("bare.csv", {"--threshold", "median", "--predictions", out, "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("results"), Json::array());
  EXPECT_EQ(outcome.json().at("predictions").at("pairs"), rows_.size());
  std::istringstream written(read_text(out));
  std::string line;
  std::getline(written, line);
  EXPECT_EQ(line, "image1,image2,label");
  size_t row = 0, different = 0;
  for (; std::getline(written, line); ++row) {
    ASSERT_LT(row, rows_.size());
    EXPECT_EQ(line.substr(0, line.rfind(',')), rows_[row]);
    different += line.ends_with(",1");
  }
  EXPECT_EQ(row, rows_.size());
  EXPECT_EQ(different, rows_.size() / 2);  // what a median does

  EXPECT_EQ(run("bare.csv", {"--threshold", "median", "--predictions", out}).exit_code, 2);  // never overwritten
  EXPECT_THAT(run("bare.csv", {"--threshold", "median", "--predictions", folder_ / "y.csv", "--fail-under", "0.9"}).err,
              HasSubstr("has no labels, and so no figures"));
  EXPECT_THAT(run("bare.csv", {}).err, HasSubstr("no label"));
  EXPECT_THAT(run("bare.csv", {"--predictions", folder_ / "x.csv"}).err, HasSubstr("--threshold median, or a value"));
}

}  // namespace
}  // namespace facerec::test
