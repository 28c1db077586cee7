#include "model/espcn.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "golden.h"

namespace facerec {
namespace {

using test::read;
using testing::HasSubstr;

class EspcnFile : public testing::Test {
 protected:
  EspcnFile() {
    for (const auto& [name, view] : golden_.tensors()) {
      if (name.starts_with("weights.")) weights_[name.substr(8)] = read(golden_, name);
    }
  }

  std::shared_ptr<SuperResolutionNetwork> load() const {
    save_tensors(file_, {weights_.begin(), weights_.end()});
    return load_super_resolution(open_tensor_file(file_));
  }

  std::string error() const {
    try {
      load();
    } catch (const Error& error) {
      EXPECT_EQ(error.file(), file_.string());
      return error.message();
    }
    return "none";
  }

  const SafetensorsFile golden_{fs::path(FACEREC_SOURCE_DIR) / "tests" / "golden" / "espcn_x2.safetensors"};
  const test::TemporaryFolder folder_;
  const fs::path file_ = folder_.path() / "network.safetensors";
  std::map<std::string, torch::Tensor> weights_;
};

TEST_F(EspcnFile, GivesWhatPyTorchGives) {
  const auto network = load();
  EXPECT_EQ(network->title(), "ESPCN");
  EXPECT_EQ(network->scale(), 2);
  const torch::NoGradGuard without_gradient;
  EXPECT_LT(test::relative_difference(network->forward(read(golden_, "input")), read(golden_, "output")), 1e-5);
}

// 64·(3·5·5 + 1) + 32·(64·3·3 + 1) + 27·(32·3·3 + 1): the layers of Shi et al. for three colours.
TEST(Espcn, HasThePublishedSize) {
  EXPECT_EQ(count_parameters(*make_espcn({.scale = 3}, torch::kMeta)), 4'864 + 18'464 + 7'803);
}

TEST_F(EspcnFile, IsRefusedForEveryTensorThatIsMissingOrReshaped) {
  const auto whole = weights_;
  for (const auto& [name, tensor] : whole) {
    weights_.erase(name);
    EXPECT_NE(error(), "none") << name;
    weights_[name] = tensor.unsqueeze(0);
    EXPECT_NE(error(), "none") << name;
    weights_[name] = tensor;
  }
  EXPECT_EQ(error(), "none");
}

TEST_F(EspcnFile, RefusesSizesThatCannotBe) {
  weights_["last_part.0.weight"] = torch::zeros({4, 4, 3, 3});
  EXPECT_THAT(error(), HasSubstr("last layer has 4 filters"));  // yjn870's own: luma alone
  weights_["first_part.2.weight"] = torch::zeros({int64_t{1} << 40, 0});
  EXPECT_THAT(error(), HasSubstr("which cannot be"));
}

}  // namespace
}  // namespace facerec
