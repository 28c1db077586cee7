// What alignment is for: raw photographs verify as well as the crops that others have published.
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

class AlignVerification : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (test_data().empty()) GTEST_SKIP() << "set FACEREC_TEST_DATA to the folder that has reference/ and data/";
    environment_.variables["FACEREC_MODELS"] = test_data() / "data/weights";
    write_file(folder_ / "pairs.txt", pairs_with_photographs());
  }

  // LFW's fold 1 as `pathA pathB 0|1`, as far as the raw photographs of both are there.
  static std::string pairs_with_photographs() {
    std::istringstream list(read_text(test_data() / "data/pairs_fold1.txt"));
    std::string line, pairs;
    std::getline(list, line);
    while (std::getline(list, line)) {
      std::istringstream words(line);
      std::vector<std::string> all;
      for (std::string word; words >> word;) all.push_back(word);
      const bool same = all.size() == 3;
      const std::string a = image(all[0], all[1]), b = same ? image(all[0], all[2]) : image(all[2], all[3]);
      const fs::path raw = test_data() / "data/lfw_fold1_raw250";
      if (fs::exists(raw / a) && fs::exists(raw / b)) pairs += a + " " + b + (same ? " 1\n" : " 0\n");
    }
    return pairs;
  }

  static std::string image(const std::string& name, const std::string& number) {
    return name + "/" + name + "_" + std::string(4 - number.size(), '0') + number + ".jpg";
  }

  int errors(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{
        "eval",  "--model", test_data() / "data/weights/MobileFaceNet_foamliu.onnx", "--pairs", folder_ / "pairs.txt",
        "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = facerec(arguments, environment_);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const auto result = outcome.json().at("results").at(0);
    EXPECT_EQ(result.at("pairs"), 89);
    double right = 0;
    size_t fold = 0;
    for (const auto& accuracy : result.at("accuracy").at("per_fold")) {
      right += accuracy.get<double>() * (fold++ < 89 % 10 ? 9 : 8);  // pairs of a fold
    }
    return 89 - static_cast<int>(std::lround(right));
  }

  const TemporaryFolder folder_;
  Environment environment_;
};

TEST_P(AlignVerification, IsAsGoodAsWithPublishedCrops) {
  static const int published = errors({"--data", test_data() / "data/lfw_fold1_aligned"});
  const int own = errors({"--data", test_data() / "data/lfw_fold1_raw250", "--align", GetParam()});
  std::cout << GetParam() << ": " << own << " errors in 89 pairs, " << published << " with the published crops\n";
  const int more = GetParam() == "haar" ? 10 : 2;  // of a fallback nothing is promised but that it works
  EXPECT_LE(own, published + more);
}

INSTANTIATE_TEST_SUITE_P(Detectors, AlignVerification,
                         testing::Values("retinaface", "mtcnn", "mtcnn_evolve", "yunet", "yunet_n", "haar"),
                         [](const auto& test) { return test.param; });

TEST(EvalAlign, TellsOfImagesWithoutAFace) {
  FACEREC_NEEDS_TEST_DATA();
  Environment environment;
  environment.variables["FACEREC_MODELS"] = test_data() / "data/weights";
  // Drawn faces of 32×32 pixels, which no detector takes for faces.
  const auto run = [&](const std::string& no_face) {
    return facerec({"eval", "--model", test_data() / "data/weights/MobileFaceNet_foamliu.onnx", "--data",
                    small_faces() + "/eval", "--align", "yunet", "--no-face", no_face, "--json"},
                   environment);
  };
  const Outcome centred = run("center"), counted = run("count");
  EXPECT_EQ(centred.exit_code, 0) << centred.err;
  const auto alignment = centred.json().at("results").at(0).at("alignment");
  EXPECT_EQ(alignment.at("detector"), "yunet");
  EXPECT_GT(alignment.at("centred"), 0);
  EXPECT_NE(centred.err.find("show no face to align and are cut out of their centre"), std::string::npos);
  EXPECT_EQ(counted.exit_code, 0) << counted.err;
  EXPECT_EQ(counted.json().at("results").at(0).at("failures").at("images"), alignment.at("centred"));
  EXPECT_NE(counted.err.find("show no face to align: their comparisons never match"), std::string::npos);
}

}  // namespace
}  // namespace facerec::test
