// What identification is for: people of the gallery are named, strangers are not. On real faces, with published
// weights.
#include <gtest/gtest.h>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

// Of LFW's identities half are enrolled with one image each where they have several, the other half are strangers.
class OpenSet : public testing::Test {
 protected:
  void SetUp() override {
    FACEREC_NEEDS_TEST_DATA();
    std::vector<fs::path> people;
    for (const auto& entry : fs::directory_iterator(test_data() / "data/lfw_fold1_aligned")) people.push_back(entry);
    std::sort(people.begin(), people.end());
    for (size_t i = 0; i < people.size(); ++i) deal(people[i], i % 2 == 0);
    model_ = test_data() / "data/weights/mobilefacenet_foamliu.pt";
    const Outcome calibrated = facerec({"calibrate", "--model", model_, "--data", folder_ / "known", "--fmr",
                                        "1e-3,1e-4", "--fpir", "0.01", "--out", folder_ / "calibration.json"});
    ASSERT_EQ(calibrated.exit_code, 0) << calibrated.err;
    const Outcome enrolled =
        facerec({"enroll", "--gallery", gallery_, "--model", model_, folder_ / "enrolled", "--json"});
    ASSERT_EQ(enrolled.exit_code, 0) << enrolled.err;
  }

  // known/: all images of the half that is enrolled, for the calibration; enrolled/: the first of each; probes/: the
  // others; strangers/: the other half.
  void deal(const fs::path& person, bool known) {
    std::vector<fs::path> images;
    for (const auto& entry : fs::directory_iterator(person)) images.push_back(entry);
    std::sort(images.begin(), images.end());
    for (size_t i = 0; i < images.size(); ++i) {
      const fs::path place = person.filename() / images[i].filename();
      const auto link = [&](const char* set) {
        make_folder((folder_ / set / place).parent_path());
        fs::create_symlink(images[i], folder_ / set / place);
      };
      if (!known) {
        link("strangers");
        continue;
      }
      link("known");
      link(i == 0 ? "enrolled" : "probes");
    }
  }

  struct Rates {
    double fpir = 0, fnir = 0;
  };

  // FPIR: share of the strangers who get a name; FNIR: share of the probes that do not get theirs.
  Rates rates(const std::vector<std::string>& threshold) const {
    const auto answer = [&](const char* probes) {
      std::vector<std::string> arguments{"identify", "--gallery", gallery_, folder_ / probes, "--json"};
      arguments.insert(arguments.end(), threshold.begin(), threshold.end());
      const Outcome outcome = facerec(arguments);
      EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
      return outcome.json();
    };
    const nlohmann::json strangers = answer("strangers"), probes = answer("probes");
    int64_t right = 0;
    for (const auto& picture : probes["images"]) {
      const fs::path image = picture["image"].get<std::string>();
      right += picture["faces"].at(0)["name"] == image.parent_path().filename().string();
    }
    return {strangers["counts"]["known"].get<double>() / strangers["counts"]["faces"].get<double>(),
            1 - static_cast<double>(right) / probes["counts"]["faces"].get<double>()};
  }

  const TemporaryFolder folder_;
  const std::string gallery_ = folder_ / "lfw.gallery";
  std::string model_;
};

TEST_F(OpenSet, ACalibratedThresholdKeepsStrangersOutAsAFixedDistanceDoesNot) {
  const Rates calibrated = rates({"--calibration", folder_ / "calibration.json", "--fpir", "0.01"});
  const Rates squared = rates({"--threshold", "0.25"});  // squared L2 of 1.5
  const Rates plain = rates({"--threshold", "-0.125"});  // L2 of 1.5
  std::cout << "FPIR and FNIR, calibrated: " << calibrated.fpir << " " << calibrated.fnir
            << "; squared L2 1.5: " << squared.fpir << " " << squared.fnir << "; L2 1.5: " << plain.fpir << " "
            << plain.fnir << "\n";
  EXPECT_LE(calibrated.fpir, 0.03);  // 1 % is wanted of some 400 probes
  EXPECT_LE(calibrated.fnir, 0.2);
  EXPECT_GE(squared.fpir, 10 * calibrated.fpir + 0.1);
  EXPECT_GE(plain.fpir, 0.99);
}

}  // namespace
}  // namespace facerec::test
