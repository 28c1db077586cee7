#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "cli/small_model.h"
#include "support/images.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Verify : public testing::Test {
 protected:
  Verify() : model_(copy_of_small_model(folder_)) {
    for (const auto& entry : fs::recursive_directory_iterator(small_faces() + "/train")) {
      if (entry.path().extension() == ".jpg") pictures_.push_back(entry.path());
    }
    std::ranges::sort(pictures_);  // by identity, 8 of each
  }

  Outcome verify(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{"verify", "--model", model_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return facerec(arguments);
  }

  std::string calibration() const {
    const std::string path = folder_ / "c.json";
    const Outcome made = facerec({"calibrate", "--model", model_, "--data", small_faces() + "/train", "--fmr", "0.05",
                                  "--out", path, "--force"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return path;
  }

  TemporaryFolder folder_;
  std::string model_;
  std::vector<std::string> pictures_;
};

TEST_F(Verify, WithoutAThresholdNothingIsDecided) {
  const Outcome text = verify({pictures_[0], pictures_[8]});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("no threshold"));
  const auto json = verify({pictures_[0], pictures_[8], "--json"}).json();
  EXPECT_EQ(json.at("decision"), nullptr);
  EXPECT_EQ(json.at("threshold"), nullptr);
  EXPECT_NEAR(json.at("squared_l2").get<double>(), 2 - 2 * json.at("cosine").get<double>(), 1e-12);
  EXPECT_EQ(json.at("a").at("found"), 1);
  EXPECT_TRUE(json.at("a").at("crop"));
  for (const std::vector<std::string>& asks : {std::vector<std::string>{"--exit-code"}, {"--fmr", "0.01"}}) {
    std::vector<std::string> arguments{pictures_[0], pictures_[8]};
    arguments.insert(arguments.end(), asks.begin(), asks.end());
    const Outcome refused = verify(arguments);
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr("facerec calibrate"));
  }
}

TEST_F(Verify, AThresholdDecidesAndTheExitCodeTells) {
  const Outcome same = verify({pictures_[0], pictures_[0], "--threshold", "0.5", "--exit-code"});
  EXPECT_EQ(same.exit_code, 0) << same.err;
  EXPECT_THAT(same.out, StartsWith("same person: cosine 1.0000"));
  const Outcome different = verify({pictures_[0], pictures_[8], "--threshold", "1", "--exit-code", "--json"});
  EXPECT_EQ(different.exit_code, 4) << different.err;
  EXPECT_EQ(different.json().at("decision"), "different");
  EXPECT_EQ(different.json().at("threshold").at("origin"), "option");
  EXPECT_EQ(verify({pictures_[0], pictures_[8], "--threshold", "1"}).exit_code, 0);
}

TEST_F(Verify, ACalibrationDecidesAndIsNamed) {
  const std::string path = calibration();
  const Outcome text = verify({pictures_[0], pictures_[0], "--calibration", path});
  EXPECT_THAT(text.out, HasSubstr("calibrated for FMR 0.05 on train"));
  const auto stated = nlohmann::json::parse(read_text(path)).at("wanted").at(0).at("threshold");
  const auto threshold = verify({pictures_[0], pictures_[0], "--calibration", path, "--json"}).json().at("threshold");
  EXPECT_EQ(threshold.at("cosine"), stated.at("cosine"));
  EXPECT_EQ(threshold.at("fmr"), 0.05);
  EXPECT_EQ(threshold.at("origin"), "calibration");
  const auto stricter =
      verify({pictures_[0], pictures_[0], "--calibration", path, "--fmr", "0.001", "--json"}).json().at("threshold");
  EXPECT_GT(stricter.at("cosine"), threshold.at("cosine"));
  EXPECT_FALSE(stricter.at("supported"));

  ASSERT_EQ(facerec({"calibrate", "--model", model_, "--data", small_faces() + "/train", "--write-to-model"}).exit_code,
            0);
  EXPECT_EQ(verify({pictures_[0], pictures_[0], "--json"}).json().at("threshold").at("origin"), "model");
}

TEST_F(Verify, ACalibrationOfAnotherModelIsRefused) {
  const std::string path = calibration();
  const Outcome flip = verify({pictures_[0], pictures_[1], "--calibration", path, "--flip", "flip_sum"});
  EXPECT_EQ(flip.exit_code, 2);
  EXPECT_THAT(flip.err, HasSubstr("no_flip"));
  // Other preprocessing makes another model.
  const Outcome model = verify({pictures_[0], pictures_[1], "--calibration", path, "--preprocess", "unit"});
  EXPECT_EQ(model.exit_code, 2);
  EXPECT_THAT(model.err, HasSubstr("made for another model"));
  EXPECT_EQ(verify({pictures_[0], pictures_[1], "--calibration", model_}).exit_code, 2);  // it has none
  write_file(path, "{\"kind\": \"calibration\", \"schema\": 1}");
  EXPECT_THAT(verify({pictures_[0], pictures_[1], "--calibration", path}).err, HasSubstr("damaged"));
}

TEST_F(Verify, PicturesWithoutAFaceAreNamed) {
  const fs::path grey = folder_ / "grey.png";
  write_png(grey, flat_image(64, 90, 90, 90));
  const Outcome outcome = verify({pictures_[0], grey, "--align", "haar"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cannot be compared: no face"));
  const Outcome absent = verify({pictures_[0], folder_ / "absent.jpg"});
  EXPECT_NE(absent.exit_code, 0);
  EXPECT_THAT(absent.err, HasSubstr("absent.jpg"));
  EXPECT_EQ(verify({pictures_[0]}).exit_code, 2);
  EXPECT_EQ(verify({pictures_[0], pictures_[1], "--pairs", "x"}).exit_code, 2);
}

TEST_F(Verify, ListsOfPairsAreDecidedLineByLine) {
  const fs::path list = folder_ / "pairs.tsv", out = folder_ / "decisions.csv";
  const std::string odd = folder_ / "odd, \"name\".jpg";
  fs::copy_file(pictures_[0], odd);
  write_file(list, pictures_[0] + "\t" + odd + "\t1\n" + pictures_[0] + "\tabsent.jpg\n\n" + pictures_[8] + "\t" +
                       pictures_[0] + "\t0\n");
  const Outcome outcome = verify({"--pairs", list, "--threshold", "0.99999", "--out", out, "--exit-code", "--json"});
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;  // one is different
  EXPECT_EQ(outcome.json().at("pairs"), 3);
  EXPECT_EQ(outcome.json().at("failed"), 1);
  EXPECT_EQ(outcome.json().at("same"), 1);
  EXPECT_EQ(outcome.json().at("genuine"), 1);
  const std::string csv = read_text(out);
  EXPECT_THAT(csv, StartsWith("a,b,cosine,squared_l2,decision,expected,error\n"));
  EXPECT_EQ(std::ranges::count(csv, '\n'), 4);
  EXPECT_THAT(csv, HasSubstr("odd, \"\"name\"\".jpg\",1.0,"));
  EXPECT_THAT(csv, HasSubstr("absent.jpg: "));
  EXPECT_EQ(verify({"--pairs", list, "--out", out}).exit_code, 2);
  EXPECT_EQ(verify({"--pairs", list, "--threshold", "0.99999"}).exit_code, 3);
  const Outcome printed = verify({"--pairs", list, "--threshold", "0.99999", "--root", "/"});
  EXPECT_EQ(printed.out, csv);
  EXPECT_EQ(verify({"--pairs", list, "--json"}).json().at("results").size(), 3U);
}

TEST_F(Verify, TablesOfPairsAreUnderstood) {
  for (const auto& [name, separator] : {std::pair{"pairs.csv", ","}, {"pairs.tsv", "\t"}}) {
    const fs::path list = folder_ / name;
    write_file(list, fmt::format("label{0}image1{0}image2\n1{0}{1}{0}{1}\n{0}{1}{0}{2}\n", separator, pictures_[0],
                                 pictures_[8]));
    const Outcome outcome = verify({"--pairs", list, "--threshold", "0.5", "--json"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.json().at("pairs"), 2);
    EXPECT_EQ(outcome.json().at("genuine"), 1);
  }
}

TEST_F(Verify, OptionsOfDetectorsAreForThem) {
  for (const std::vector<std::string>& option :
       {std::vector<std::string>{"--weights", "x"}, {"--min-size", "30"}, {"--min-score", "0.5"}}) {
    std::vector<std::string> arguments{pictures_[0], pictures_[1], "--align", "none"};
    arguments.insert(arguments.end(), option.begin(), option.end());
    const Outcome outcome = verify(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("are for detectors"));
  }
}

TEST_F(Verify, ListsOfBenchmarksAreUnderstood) {
  const std::string eval = small_faces() + "/eval", out = folder_ / "decisions.jsonl";
  const Outcome outcome = verify(
      {"--pairs", eval + "/pairs.txt", "--root", eval, "--threshold", "0.5", "--out", out, "--exit-code", "--json"});
  EXPECT_EQ(outcome.exit_code, outcome.json().at("different") > 0 ? 4 : 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("pairs"), 40);
  EXPECT_EQ(outcome.json().at("genuine"), 20);
  EXPECT_EQ(outcome.json().at("impostor"), 20);
  const std::string lines = read_text(out);
  EXPECT_EQ(std::ranges::count(lines, '\n'), 40);
  EXPECT_EQ(nlohmann::json::parse(lines.substr(0, lines.find('\n'))).at("expected"), "same");
}

TEST_F(Verify, AFullStandardOutputIsAnError) {
  const std::string eval = small_faces() + "/eval";
  for (const std::vector<std::string>& in :
       {std::vector<std::string>{pictures_[0], pictures_[1]}, {"--pairs", eval + "/pairs.txt", "--root", eval}}) {
    std::vector<std::string> arguments{"verify", "--model", model_};
    arguments.insert(arguments.end(), in.begin(), in.end());
    const Outcome outcome = facerec(arguments, {.variables = {}, .standard_output = "/dev/full"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, HasSubstr("standard output cannot be written: No space left"));
  }
}

TEST_F(Verify, BySigtermItLeavesNoFile) {
  const fs::path in = folder_ / "in", results = folder_ / "results";
  fs::create_directories(in);
  fs::create_directories(results);
  std::string list;
  for (int i = 0; i < 4000; ++i) {
    const fs::path picture = in / (std::to_string(i) + ".jpg");
    fs::create_symlink(pictures_[0], picture);
    list += pictures_[0] + "\t" + picture.string() + "\n";
  }
  write_file(folder_ / "list.tsv", list);
  Process process({"verify", "--model", model_, "--pairs", folder_ / "list.tsv", "--out", results / "o.csv"});
  for (int i = 0; i < 3000 && fs::is_empty(results); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  process.send(SIGTERM);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.exit_code, 128 + SIGTERM);
  EXPECT_THAT(outcome.err, HasSubstr("stopped by a signal"));
  EXPECT_TRUE(fs::is_empty(results));
}

TEST_F(Verify, SaysWhatIsWrongWithAList) {
  const fs::path list = folder_ / "list.txt";
  write_file(list, pictures_[0] + "\n");
  EXPECT_THAT(verify({"--pairs", list}).err, HasSubstr("line 1"));
  write_file(list, "\n");
  EXPECT_THAT(verify({"--pairs", list}).err, HasSubstr("no pairs"));
  EXPECT_EQ(verify({"--pairs", folder_ / "absent.txt"}).exit_code, 1);
  EXPECT_EQ(verify({"--pairs", list, "--out", folder_ / "x.xml"}).exit_code, 2);
}

}  // namespace
}  // namespace facerec::test
