#include "facerec/infer/calibration.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "facerec/core/error.h"
#include "facerec/io/safetensors.h"
#include "facerec/model/backbone.h"
#include "facerec/model/weights.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Json = nlohmann::ordered_json;

Calibration example() {
  return {.model = "abc",
          .architecture = "mbf",
          .rule = EmbeddingRule::flip_sum,
          .data = "lfw",
          .images = 10,
          .identities = 5,
          .genuine = 7,
          .impostor = 30000,
          .default_fmr = 1e-2,
          .default_fpir = 0.05,
          .fmr = {.trials = 30000,
                  .points = {{0.5, 0, -0.01, 0.01}, {0.1, 0.2, 0.19, 0.21}, {1e-3, 0.4, 0.37, 0.44}},
                  .scale = 0.05,
                  .scale_low = 0.04,
                  .scale_high = 0.06},
          .fpir = {{.gallery_size = 1,
                    .trials = 3000,
                    .points = {{0.5, 0.1, 0.1, 0.1}, {0.01, 0.3, 0.2, 0.4}},
                    .scale = 0.1,
                    .scale_low = 0.1,
                    .scale_high = 0.1},
                   {.gallery_size = 100,
                    .trials = 300,
                    .points = {{0.5, 0.4, 0.4, 0.4}, {0.1, 0.5, 0.4, 0.6}},
                    .scale = 0.1,
                    .scale_low = 0.1,
                    .scale_high = 0.1}},
          .wanted = {{.rate = 1e-2, .threshold = {.cosine = 0.3, .low = 0.28, .high = 0.33}, .missed = 0.1}}};
}

std::string text_of_example(const std::function<void(Json&)>& change) {
  Json json = to_json(example());
  change(json);
  return json.dump();
}

std::string fault_of(const std::string& text) {
  try {
    parse_calibration(text);
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(Calibration, IsReadAsItWasWritten) {
  const Json json = to_json(example());
  EXPECT_EQ(to_json(parse_calibration(json.dump())), json);
}

TEST(Calibration, InterpolatesOverTheLogarithmOfTheRate) {
  const Calibration c = example();
  EXPECT_DOUBLE_EQ(c.at_fmr(0.1).cosine, 0.2);
  EXPECT_NEAR(c.at_fmr(0.01).cosine, 0.3, 1e-12);
  EXPECT_NEAR(c.at_fmr(0.01).low, 0.28, 1e-12);
  EXPECT_TRUE(c.at_fmr(1e-3).supported);
  EXPECT_NEAR(c.at_fmr(0.01).squared_l2(), 1.4, 1e-12);
  EXPECT_DOUBLE_EQ(c.at_fmr(0.9).cosine, 0);
}

TEST(Calibration, ExtrapolatesWithAnExponentialTailAndSaysSo) {
  const Threshold far = example().at_fmr(1e-3 * std::exp(-2));
  EXPECT_NEAR(far.cosine, 0.5, 1e-9);
  EXPECT_NEAR(far.low, 0.45, 1e-9);
  EXPECT_NEAR(far.high, 0.56, 1e-9);
  EXPECT_FALSE(far.supported);
  EXPECT_FALSE(far.derived);
  EXPECT_EQ(example().at_fmr(1e-300).cosine, 1);
}

TEST(Calibration, GallerySizesBetweenThoseMeasuredAreInterpolated) {
  const Calibration c = example();
  EXPECT_NEAR(c.at_fpir(0.5, 10).cosine, 0.25, 1e-12);
  EXPECT_TRUE(c.at_fpir(0.5, 10).supported);
  EXPECT_EQ(c.at_fpir(0.5, 0).cosine, c.at_fpir(0.5, 1).cosine);
}

TEST(Calibration, LargerGalleriesAreManyIndependentOnes) {
  const Calibration c = example();
  // 1 − (1 − 0.1)^2 of the searches among 200 return somebody where 0.1 among 100 do.
  const Threshold threshold = c.at_fpir(0.19, 200);
  EXPECT_NEAR(threshold.cosine, 0.5, 1e-9);
  EXPECT_TRUE(threshold.derived);
  EXPECT_FALSE(threshold.supported);
  Calibration alone = c;
  alone.fpir.clear();
  EXPECT_NEAR(alone.at_fpir(1 - std::pow(0.9, 10), 10).cosine, 0.2, 1e-9);
}

TEST(Calibration, ImpossibleRatesAreRefused) {
  for (const double rate : {0.0, 1.0, -1.0, double{NAN}, double{INFINITY}}) {
    EXPECT_THROW(example().at_fmr(rate), Error);
    EXPECT_THROW(example().at_fpir(rate, 10), Error);
  }
}

TEST(Calibration, AnotherModelOrRuleIsRefusedByName) {
  check_calibration(example(), "c.json", "abc", EmbeddingRule::flip_sum);
  const auto fault = [](const std::string& model, EmbeddingRule rule) -> std::string {
    try {
      check_calibration(example(), "c.json", model, rule);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::usage);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(fault("def", EmbeddingRule::flip_sum), AllOf(HasSubstr("c.json"), HasSubstr("abc"), HasSubstr("def")));
  EXPECT_THAT(fault("abc", EmbeddingRule::no_flip), AllOf(HasSubstr("flip_sum"), HasSubstr("no_flip")));
}

TEST(Calibration, DamageIsToldAsThat) {
  EXPECT_THAT(fault_of("{}"), HasSubstr("is no calibration"));
  EXPECT_THAT(fault_of("[1, 2]"), HasSubstr("is no calibration"));
  EXPECT_THAT(fault_of("{\"schema\": 1, "), HasSubstr("damaged"));
  EXPECT_THAT(fault_of(text_of_example([](Json& json) { json["schema"] = 2; })), HasSubstr("another version"));
  EXPECT_THAT(fault_of(std::string(1 << 20, '[')), HasSubstr("damaged"));
  const auto damaged = [](const std::function<void(Json&)>& change) { return fault_of(text_of_example(change)); };
  EXPECT_THAT(damaged([](Json& json) { json.erase("fmr"); }), HasSubstr("damaged"));
  EXPECT_THAT(damaged([](Json& json) { json["model"] = 7; }), HasSubstr("damaged"));
  EXPECT_THAT(damaged([](Json& json) { json["images"] = -1; }), HasSubstr("whole number"));
  EXPECT_THAT(damaged([](Json& json) { json["default_fmr"] = 0; }), HasSubstr("between 0 and 1"));
  EXPECT_THAT(damaged([](Json& json) { json["fmr"]["points"] = Json::array(); }), HasSubstr("no points"));
  EXPECT_THAT(damaged([](Json& json) { json["fmr"]["points"][0] = {0.5, 0.1}; }), HasSubstr("damaged"));
  EXPECT_THAT(damaged([](Json& json) { json["fmr"]["points"][1][0] = 0.7; }), HasSubstr("do not fall"));
  EXPECT_THAT(damaged([](Json& json) { json["fmr"]["points"][1][1] = 3; }), HasSubstr("outside"));
  EXPECT_THAT(damaged([](Json& json) { json["fmr"]["points"][1][1] = nullptr; }), HasSubstr("damaged"));
  EXPECT_THAT(damaged([](Json& json) { json["fmr"]["scale"] = {-1, -2, 0}; }), HasSubstr("scale"));
  EXPECT_THAT(damaged([](Json& json) { json["fpir"][1]["gallery_size"] = 1; }), HasSubstr("do not rise"));
  EXPECT_THAT(damaged([](Json& json) { json["fpir"][0]["gallery_size"] = 0; }), HasSubstr("size"));
  EXPECT_THAT(damaged([](Json& json) { json["flip"] = "twice"; }), HasSubstr("twice"));
}

TEST(Calibration, AModelCarriesItAndStaysTheSameModel) {
  const TemporaryFolder folder;
  const fs::path path = folder / "model.safetensors";
  ModelConfig config;
  config.name = "ir_tiny";
  config.embedding_size = 16;
  config.input = {32, 32};
  const auto backbone = make_backbone(config);
  save_backbone(path, *backbone, {{"config", "kept"}});
  EXPECT_FALSE(find_calibration(path));
  const std::string identity = model_identity(*load_backbone(path));
  const auto size = fs::file_size(path);

  write_into_model(path, example());
  write_into_model(path, example());  // in place of the first
  EXPECT_EQ(to_json(find_calibration(path).value()), to_json(example()));
  EXPECT_EQ(model_identity(*load_backbone(path)), identity);
  EXPECT_EQ(SafetensorsFile(path).metadata().at("config"), "kept");
  EXPECT_LT(fs::file_size(path), size + 4000);
}

TEST(Calibration, IsFoundInAFileOfItsOwn) {
  const TemporaryFolder folder;
  const fs::path file = folder / "calibration.json";
  write_file(file, to_json(example()).dump(2));
  EXPECT_EQ(find_calibration(file)->data, "lfw");
  write_file(file, "  {\"kind\": \"something else\"}");
  try {
    find_calibration(file);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("calibration.json"), HasSubstr("is no calibration")));
  }
  write_file(file, "PK and what else an archive holds");
  EXPECT_FALSE(find_calibration(file));
  write_file(file, "");
  EXPECT_FALSE(find_calibration(file));
  EXPECT_THROW(write_into_model(file, example()), Error);
  EXPECT_THROW(find_calibration(folder / "absent"), Error);
}

}  // namespace
}  // namespace facerec::test
