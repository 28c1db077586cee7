#include <gmock/gmock.h>

#include "cli/small_model.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Calibrate : public testing::Test {
 protected:
  Calibrate() : model_(copy_of_small_model(folder_)) {}

  Outcome calibrate(const std::vector<std::string>& more, const std::string& data = small_faces() + "/train") const {
    std::vector<std::string> arguments{"calibrate", "--model", model_, "--data", data, "--fmr", "0.05,1e-4"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return facerec(arguments);
  }

  TemporaryFolder folder_;
  std::string model_;
};

TEST_F(Calibrate, TellsThresholdsWithWhatTheyRestOn) {
  const Outcome text = calibrate({"--fpir", "0.1"});
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("96 images of 12 identities; 4224 impostor and 336 genuine comparisons"));
  EXPECT_THAT(text.out, HasSubstr("FMR 0.05"));
  EXPECT_THAT(text.out, HasSubstr("extrapolated"));  // 1e-4
  EXPECT_THAT(text.out, HasSubstr("12 identities are few"));

  const Outcome json = calibrate({"--fpir", "0.1", "--gallery-size", "5", "--json"});
  ASSERT_EQ(json.exit_code, 0) << json.err;
  const auto document = json.json();
  EXPECT_EQ(document.at("default_fmr"), 0.05);
  EXPECT_EQ(document.at("default_fpir"), 0.1);
  ASSERT_EQ(document.at("wanted").size(), 3U);
  const auto& first = document.at("wanted").at(0);
  EXPECT_TRUE(first.at("threshold").at("supported"));
  EXPECT_LE(first.at("threshold").at("cosine_ci95").at(0), first.at("threshold").at("cosine"));
  EXPECT_TRUE(first.at("fnmr").contains("ci95"));
  EXPECT_FALSE(document.at("wanted").at(1).at("threshold").at("supported"));
  EXPECT_EQ(document.at("wanted").at(2).at("gallery_size"), 5);
  EXPECT_EQ(document, calibrate({"--fpir", "0.1", "--gallery-size", "5", "--json", "--threads", "1"}).json());
}

TEST_F(Calibrate, WritesAFileOnce) {
  const std::string out = folder_ / "c.json";
  ASSERT_EQ(calibrate({"--out", out}).exit_code, 0);
  const auto written = nlohmann::json::parse(read_text(out));
  EXPECT_EQ(written.at("kind"), "calibration");
  const Outcome again = calibrate({"--out", out});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("--force"));
  EXPECT_EQ(calibrate({"--out", out, "--force"}).exit_code, 0);
  EXPECT_EQ(calibrate({"--out", folder_ / "c.txt"}).exit_code, 2);
}

TEST_F(Calibrate, AModelCarriesItAndStaysTheSameModel) {
  const auto identity = [&] { return facerec({"info", model_, "--json"}).json().at("identity").get<std::string>(); };
  const std::string before = identity();
  ASSERT_EQ(calibrate({"--write-to-model"}).exit_code, 0);
  EXPECT_EQ(identity(), before);
  EXPECT_THAT(calibrate({"--write-to-model"}).err, HasSubstr("holds a calibration already"));

  const std::string onnx = folder_ / "model.onnx";
  ASSERT_EQ(facerec({"export", model_, onnx}).exit_code, 0);
  const Outcome refused =
      facerec({"calibrate", "--model", onnx, "--data", small_faces() + "/train", "--write-to-model"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--out FILE.json"));
}

TEST_F(Calibrate, LeavesOutWhatCannotBeReadAndSaysSo) {
  const fs::path copy = folder_ / "faces";
  fs::copy(small_faces() + "/train", copy, fs::copy_options::recursive);
  fs::path broken;
  for (const auto& entry : fs::recursive_directory_iterator(copy)) {
    if (entry.path().extension() == ".jpg") broken = entry.path();
  }
  write_file(broken, "no image");
  const std::string out = folder_ / "c.json";
  const Outcome outcome = calibrate({"--out", out, "--json"}, copy);
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_EQ(outcome.json().at("images"), 95);
  EXPECT_EQ(outcome.json().at("skipped").size(), 1U);
  const auto skipped = nlohmann::json::parse(read_text(out + ".skipped.jsonl"));
  EXPECT_THAT(skipped.at("name"), HasSubstr(broken.filename().string()));
  EXPECT_NE(skipped.at("reason"), "");
  EXPECT_THAT(read_text(out), Not(HasSubstr("skipped")));
  fs::remove(broken);
  fs::remove(out);
  EXPECT_EQ(calibrate({"--out", out}, copy).exit_code, 2);  // the list is there
  EXPECT_EQ(calibrate({"--out", out, "--force"}, copy).exit_code, 0);
  EXPECT_FALSE(fs::exists(out + ".skipped.jsonl"));
}

TEST_F(Calibrate, SaysWhatIsTooLittle) {
  const Outcome pairs = calibrate({}, small_faces() + "/eval");  // its pairs.txt does not limit the comparisons
  EXPECT_EQ(pairs.exit_code, 0) << pairs.err;
  const Outcome listed = calibrate({"--pairs", small_faces() + "/eval/pairs.txt"}, small_faces() + "/eval");
  EXPECT_EQ(listed.exit_code, 1);
  EXPECT_THAT(listed.err, HasSubstr("fewer than 600 comparisons"));
  EXPECT_EQ(calibrate({"--fmr", "2"}).exit_code, 2);
  const Outcome zero = calibrate({"--fmr", "0"});
  EXPECT_EQ(zero.exit_code, 2);
  EXPECT_THAT(zero.err, HasSubstr("--fmr: 0 is no rate above 0"));
  EXPECT_EQ(calibrate({}, "/no/such").exit_code, 2);
}

}  // namespace
}  // namespace facerec::test
