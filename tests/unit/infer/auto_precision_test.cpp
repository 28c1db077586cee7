#include "infer/auto_precision.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "facerec/model/device.h"

namespace facerec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// An image's first byte and 1; in bf16 the second number is off by `error`.
class Fake final : public Engine {
 public:
  Fake(std::string precision, float error) : precision_(std::move(precision)), error_(error) {}
  const ModelSpec& spec() const override { return spec_; }
  std::string identity() const override { return "fake"; }
  Computation computation() const override { return {"fake", "cpu", precision_, ""}; }
  void embed(std::span<const uint8_t> nhwc, int64_t n, std::span<float> out) override {
    const size_t image = nhwc.size() / static_cast<size_t>(n);
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
      out[2 * i] = nhwc[i * image];
      out[2 * i + 1] = precision_ == "bf16" ? 1 + error_ : 1;
    }
  }

 private:
  ModelSpec spec_{.architecture = "fake", .embedding_size = 2};
  std::string precision_;
  float error_;
};

class AutoPrecision : public testing::Test {
 protected:
  void SetUp() override {
    if (resolve_precision("auto", at::kCPU) != "bf16") GTEST_SKIP() << "this CPU does not compute bf16 natively";
  }

  std::unique_ptr<Engine> open(float error) {
    return with_precision("auto", "cpu", [this, error](const std::string& precision) {
      opened_.push_back(precision);
      return std::make_unique<Fake>(precision, error);
    });
  }

  static std::vector<float> embed(Engine& engine, std::vector<uint8_t> images) {
    std::vector<float> out(2 * images.size());
    engine.embed(images, static_cast<int64_t>(images.size()), out);
    return out;
  }

  static std::vector<uint8_t> images(int64_t n) { return std::vector<uint8_t>(static_cast<size_t>(n), 1); }

  std::vector<std::string> opened_;
};

// Callers keep it while they embed.
TEST_F(AutoPrecision, TheSpecificationStaysWhereItIs) {
  const auto engine = open(0.01F);
  const ModelSpec* const before = &engine->spec();
  embed(*engine, images(16));
  ASSERT_EQ(engine->computation().precision, "bf16");
  EXPECT_EQ(&engine->spec(), before);
  EXPECT_EQ(before->architecture, "fake");
}

TEST_F(AutoPrecision, ChangesToBf16WithTheImagesThatItWasCheckedOn) {
  const auto engine = open(0.01F);
  EXPECT_EQ(embed(*engine, images(images_for_check)).back(), 1.01F);
  EXPECT_EQ(engine->computation().precision, "bf16");
  EXPECT_THAT(engine->computation().reason, HasSubstr("over 16 images"));
  EXPECT_EQ(embed(*engine, images(1)).back(), 1.01F);
  EXPECT_THAT(opened_, ElementsAre("fp32", "bf16"));
}

TEST_F(AutoPrecision, StaysWithFp32WhereOneImageDiffers) {
  const auto engine = open(0.1F);
  std::vector<uint8_t> mixed(20, 255);  // these hardly differ
  EXPECT_EQ(embed(*engine, mixed).back(), 1.1F);
  mixed[7] = 1;
  const auto stays = open(0.1F);
  EXPECT_EQ(embed(*stays, mixed).back(), 1.0F);
  EXPECT_EQ(stays->computation().precision, "fp32");
  EXPECT_THAT(stays->computation().reason, HasSubstr("is 0.998"));
  EXPECT_EQ(embed(*stays, mixed).back(), 1.0F) << "decided once";
}

TEST_F(AutoPrecision, StaysWithFp32WhereThereIsNoNumber) {
  const auto engine = open(NAN);
  EXPECT_EQ(embed(*engine, images(20)).back(), 1.0F);
}

TEST_F(AutoPrecision, OpensOneEngineForAFewImages) {
  const auto engine = open(0);
  embed(*engine, images(images_for_check - 1));
  EXPECT_THAT(opened_, ElementsAre("fp32"));
  embed(*engine, images(images_for_check - 1));
  EXPECT_EQ(engine->computation().precision, "fp32") << "however many calls";
}

TEST(Precision, IsThatWhichWasAskedFor) {
  const auto open = [](const std::string& precision) { return std::make_unique<Fake>(precision, 0.F); };
  EXPECT_EQ(with_precision("fp32", "cpu", open)->computation().precision, "fp32");
  EXPECT_EQ(with_precision("bf16", "cpu", open)->computation().precision, "bf16");
  EXPECT_EQ(with_precision("fp16", "cuda:0", open)->computation().precision, "fp16");
  EXPECT_THROW(with_precision("fp16", "cpu", open), Error);
}

}  // namespace
}  // namespace facerec
