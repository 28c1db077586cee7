// Networks of ours on OpenVINO against LibTorch.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include <fstream>
#include <thread>

#include "facerec/core/error.h"
#include "facerec/image/image.h"
#include "support/reference.h"
#include "unit/infer/embedding.h"

namespace facerec {
namespace {

using testing::HasSubstr;
using namespace test;

EngineOptions on(const std::string& engine, const std::string& precision = "fp32", int threads = 2) {
  EngineOptions options = two_threads;
  options.engine = engine;
  options.precision = precision;
  options.threads = threads;
  return options;
}

class OpenVinoEngine : public testing::Test {
 protected:
  // A file with a network's random weights.
  fs::path write(const ModelConfig& config) {
    torch::manual_seed(1);
    const auto backbone = make_backbone(config);
    randomise(*backbone);
    save_backbone(path_, *backbone);
    return path_;
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / "model.safetensors";
};

class EveryNetwork : public OpenVinoEngine, public testing::WithParamInterface<std::string> {};

TEST_P(EveryNetwork, GivesLibTorchsEmbeddings) {
  write({.name = GetParam(), .embedding_size = 16, .input = small_input(GetParam()), .preprocess = "bgr"});
  const auto expected = open_engine(path_, on("libtorch")), engine = open_engine(path_, on("openvino"));
  EXPECT_EQ(engine->spec(), expected->spec());
  EXPECT_EQ(engine->identity(), expected->identity());
  for (const int64_t n : {3, 1}) {
    const std::vector<uint8_t> images = images_of(engine->spec().preprocess, n);
    EXPECT_LE(relative_difference(embed(*engine, images, n), embed(*expected, images, n)), 1e-5) << n << " images";
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryNetwork, testing::ValuesIn(one_of_each_kind()),
                         [](const auto& instance) { return instance.param; });

TEST_F(OpenVinoEngine, GivesThePublishedEmbeddings) {
  FACEREC_NEEDS_TEST_DATA();
  const fs::path data = test_data() / "data", weights = data / "weights" / "mobilefacenet_foamliu.pt";
  std::ifstream names(test_data() / "reference" / "evaluation" / "lfw_fold1_images.txt");
  constexpr int64_t count = 16;
  std::vector<uint8_t> pixels;
  std::string name;
  for (int64_t i = 0; i < count && std::getline(names, name); ++i) {
    const Image image = decode_image(read_file(data / "lfw_fold1_aligned" / name));
    pixels.insert(pixels.end(), image.rgb.begin(), image.rgb.end());
  }
  const std::vector<float> expected = embed(*open_engine(weights, on("libtorch")), pixels, count);
  const auto engine = open_engine(weights, on("openvino"));
  const std::vector<float> got = embed(*engine, pixels, count);
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-5) << i;

  const auto fast = open_engine(weights, on("auto", "auto"));
  embed(*fast, pixels, count);
  const Computation computation = fast->computation();
  EXPECT_TRUE(computation.precision == "bf16" || computation.reason.empty()) << computation.reason;
}

TEST_F(OpenVinoEngine, TellsWhatComputes) {
  write({.name = "ir_tiny", .embedding_size = 4, .input = {32, 32}});
  auto computed_by = [&](const EngineOptions& options) {
    const Computation computation = open_engine(path_, options)->computation();
    return computation.engine + " " + computation.device + " " + computation.precision;
  };
  EXPECT_EQ(computed_by(on("auto")), "openvino cpu fp32");
  EXPECT_EQ(computed_by(on("openvino", "bf16")), "openvino cpu bf16");
  EXPECT_EQ(computed_by(on("libtorch", "bf16")), "libtorch cpu bf16");
  EXPECT_EQ(computed_by(on("auto", "auto")), "openvino cpu fp32") << "no image was seen";
}

TEST_F(OpenVinoEngine, RefusesWhatCannotBe) {
  write({.name = "ir_tiny", .embedding_size = 4, .input = {32, 32}});
  auto error = [&](EngineOptions options, const std::string& device = "cpu") {
    options.device = device;
    try {
      open_engine(path_, options);
    } catch (const Error& failure) {
      return std::string(failure.what());
    }
    return std::string("opened");
  };
  EXPECT_THAT(error(on("auto", "fp16")), HasSubstr("--precision bf16"));
  EXPECT_THAT(error(on("openvino"), "cuda"), HasSubstr("--engine libtorch"));
  EXPECT_THAT(error(on("tensorrt")), HasSubstr("libtorch or openvino"));
}

// Each opened on one thread and used on another, with its own number of threads.
TEST_F(OpenVinoEngine, SharesAProcessWithOthers) {
  write({.name = "ir_tiny", .embedding_size = 8, .input = {32, 32}});
  const std::vector<uint8_t> images = images_of({.width = 32, .height = 32}, 4);
  const std::vector<float> expected = embed(*open_engine(path_, on("libtorch")), images, 4);
  std::vector<std::unique_ptr<Engine>> engines;
  for (const auto& [name, threads] : {std::pair("openvino", 1), std::pair("openvino", 2), std::pair("libtorch", 1)}) {
    engines.push_back(open_engine(path_, on(name, "fp32", threads)));
  }
  std::vector<float> differences(engines.size());
  std::vector<std::thread> users;
  for (size_t i = 0; i < engines.size(); ++i) {
    users.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        const float difference = relative_difference(embed(*engines[i], images, 4), expected);
        differences[i] = std::max(differences[i], difference);
      }
    });
  }
  for (std::thread& user : users) user.join();
  EXPECT_THAT(differences, testing::Each(testing::Le(1e-5F)));
}

}  // namespace
}  // namespace facerec
