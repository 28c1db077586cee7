// Whose network a file holds, told from names and shapes alone: the tensors here have no bytes.
#include "facerec/model/recognise.h"

#include <gmock/gmock.h>

#include <set>

#include "facerec/core/error.h"
#include "facerec/model/preprocess.h"
#include "golden.h"
#include "model/networks.h"

namespace facerec {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TensorFile file_of(const nlohmann::json& json, const std::string& prefix = "", const std::string& group = "") {
  TensorFile file{"weights.pth", "pytorch", {{group, {}}}, {}, nullptr};
  for (const auto& entry : json["state_dict"]) {
    TensorView view{.dtype = entry["dtype"] == "int64" ? "I64" : "F32", .shape = entry["shape"], .bytes = {}};
    file.groups[0].tensors.push_back({prefix + entry["key"].get<std::string>(), view});
  }
  return file;
}

TensorFile published_file(const std::string& golden, const std::string& prefix = "", const std::string& group = "") {
  return file_of(test::load_json(test::numerics() / "backbones" / (golden + ".json")), prefix, group);
}

void add(TensorFile& file, const std::string& name, const std::vector<int64_t>& shape) {
  file.groups[0].tensors.push_back({name, {.dtype = "F32", .shape = shape, .bytes = {}}});
}

struct Expected {
  const char* golden;
  const char* architecture;
  const char* publisher;  // of the name that --publisher takes; "": the file tells
  int64_t embedding;
  const char* formula;
};

void PrintTo(const Expected& expected, std::ostream* out) { *out << expected.golden; }

class PublishedCheckpoint : public testing::TestWithParam<Expected> {};

TEST_P(PublishedCheckpoint, IsRecognisedByKeysAndShapes) {
  FACEREC_NEEDS_TEST_DATA();
  ModelOptions options;
  options.publisher = GetParam().publisher;
  const std::string golden = GetParam().golden;
  if (golden.ends_with("_dynamic")) options.architecture = GetParam().architecture;
  const Finding finding = examine(published_file(golden), options);
  ASSERT_TRUE(finding.model);
  const ModelSpec& spec = finding.model->spec;
  EXPECT_EQ(spec.architecture, GetParam().architecture);
  EXPECT_EQ(spec.embedding_size, GetParam().embedding);
  EXPECT_EQ(preprocess_formula(spec.preprocess), GetParam().formula);
  EXPECT_EQ(spec.unit_length, golden.starts_with("ifp_") || golden.starts_with("xue_"));
  EXPECT_EQ(finding.model->flip, golden.starts_with("facex_")      ? "no_flip"
                                 : golden.starts_with("xiaoccer_") ? "flip_concat"
                                                                   : "flip_sum");
  EXPECT_THAT(finding.model->left_out, IsEmpty());
}

constexpr const char* rgb = "112x112 RGB, (x/255 - 0.5)/0.5";
constexpr const char* bgr = "112x112 BGR, (x/255 - 0.5)/0.5";
constexpr const char* bgr128 = "112x112 BGR, (x - 127.5)/128";

INSTANTIATE_TEST_SUITE_P(
    , PublishedCheckpoint,
    testing::Values(Expected{"adaface_ir_18", "adaface_ir_18", "adaface", 512, bgr},
                    Expected{"adaface_ir_50", "adaface_ir_50", "adaface", 512, bgr},
                    Expected{"adaface_ir_se_50", "adaface_ir_se_50", "adaface", 512, bgr},
                    Expected{"arcface_torch_iresnet18", "iresnet18", "", 512, rgb},
                    Expected{"arcface_torch_iresnet50", "iresnet50", "", 512, rgb},
                    Expected{"arcface_torch_mbf", "mbf", "", 512, rgb},
                    Expected{"cvlface_ir_50", "adaface_ir_50", "cvlface", 512, rgb},
                    Expected{"evo_ir_101", "ir_101", "facevolve", 512, rgb},
                    Expected{"evo_ir_50", "ir_50", "", 512, rgb},
                    Expected{"evo_ir_se_50", "ir_se_50", "facevolve", 512, rgb},
                    Expected{"evo_mobilefacenet_512", "mobilefacenet", "facevolve", 512, rgb},
                    Expected{"evo_resnet_50", "resnet50", "", 512, rgb},
                    Expected{"facex_efficientnet_b0", "efficientnet_b0_facex", "", 512, bgr128},
                    Expected{"facex_efficientnet_b0_dynamic", "efficientnet_b0_facex_same", "", 512, bgr128},
                    Expected{"facex_resnet_50_ir", "ir_50", "facex_zoo", 512, bgr128},
                    Expected{"foamliu_mobilefacenet", "mobilefacenet_foamliu", "", 128,
                             "112x112 RGB, (x/255 - (0.485,0.456,0.406))/(0.229,0.224,0.225)"},
                    Expected{"ifp_ir_se_50", "ir_se_50", "insightface_pytorch", 512, bgr},
                    Expected{"ifp_mobilefacenet", "mobilefacenet", "insightface_pytorch", 512, bgr},
                    Expected{"tface_ir_50", "adaface_ir_50", "tface", 512, rgb},
                    Expected{"xiaoccer_mobilefacenet", "mobilefacenet_xiaoccer", "", 128,
                             "96x112 RGB, (x - 127.5)/128"},
                    Expected{"xue_mobilefacenet", "mobilefacenet", "mobilefacenet_tutorial", 512, bgr}),
    [](const auto& each) { return std::string(each.param.golden); });

class RecognisedCheckpoint : public testing::Test {
 protected:
  void SetUp() override { FACEREC_NEEDS_TEST_DATA(); }
};

TEST_F(RecognisedCheckpoint, WrappersShowWhoWroteTheFile) {
  TensorFile adaface = published_file("adaface_ir_50", "model.", "state_dict");
  add(adaface, "head.kernel", {512, 70722});
  add(adaface, "head.t", {1});
  const Recognition found = recognise(adaface);
  EXPECT_EQ(found.publisher, "AdaFace");
  EXPECT_TRUE(found.spec.preprocess.bgr);
  EXPECT_THAT(found.warnings, IsEmpty());
  EXPECT_THAT(found.left_out, ElementsAre("head.kernel", "head.t"));
  EXPECT_THAT(found.reason, HasSubstr("under 'state_dict', with the prefix 'model.'"));
  EXPECT_TRUE(found.tensors.contains("input_layer.0.weight"));

  EXPECT_EQ(recognise(published_file("cvlface_ir_50", "net.")).publisher, "CVLface");
  EXPECT_EQ(recognise(published_file("facex_resnet_50_ir", "module.backbone.", "state_dict")).publisher, "FaceX-Zoo");
  EXPECT_EQ(recognise(published_file("arcface_torch_iresnet18", "module.")).publisher, "arcface_torch");
}

TEST_F(RecognisedCheckpoint, NamesOfFilesShowWhoWroteThem) {
  TensorFile file = published_file("evo_ir_50");
  file.path = "zoo/backbone_ir50_ms1m_epoch120.pth";
  EXPECT_THAT(recognise(file).warnings, IsEmpty());
  file.path = "model_2018-12-04-12-42_accuracy:0.9952_step:191350_None.pth";
  EXPECT_EQ(recognise(file).publisher, "InsightFace_Pytorch");
  EXPECT_THAT(recognise(file).warnings, IsEmpty());
}

TEST_F(RecognisedCheckpoint, EqualKeysAreWarnedOfUntilAnOptionDecides) {
  const TensorFile file = published_file("evo_ir_se_50");
  const Recognition guessed = recognise(file);
  ASSERT_THAT(guessed.warnings, SizeIs(1));
  EXPECT_THAT(guessed.warnings[0], HasSubstr("face.evoLVe (rgb)"));
  EXPECT_THAT(guessed.warnings[0],
              HasSubstr("InsightFace_Pytorch (bgr, unit length): --publisher insightface_pytorch"));
  ModelOptions options;
  options.publisher = "insightface_pytorch";
  EXPECT_THAT(recognise(file, options).warnings, IsEmpty());
  options = {};
  options.preprocess = "bgr:0.4:0.3,0.3,0.2";
  EXPECT_THAT(recognise(file, options).warnings, IsEmpty());
  EXPECT_EQ(recognise(file, options).spec.preprocess.std, (std::array<float, 3>{0.3F, 0.3F, 0.2F}));
  options = {};
  options.publisher = "arcface_torch";
  EXPECT_THROW(recognise(file, options), Error);

  const Recognition efficient = recognise(published_file("facex_efficientnet_b0"));
  EXPECT_THAT(efficient.warnings, Contains(HasSubstr("--arch efficientnet_b0_facex_same")));
}

TEST_F(RecognisedCheckpoint, OldFilesCountNoBatches) {
  TensorFile file = published_file("arcface_torch_iresnet18");
  std::erase_if(file.groups[0].tensors,
                [](const NamedTensor& tensor) { return tensor.name.ends_with("num_batches_tracked"); });
  EXPECT_EQ(recognise(file).spec.architecture, "iresnet18");
}

TEST_F(RecognisedCheckpoint, SizesComeFromShapes) {
  TensorFile file = published_file("evo_ir_50");
  for (auto& [name, view] : file.groups[0].tensors) {
    if (name == "output_layer.3.weight") view.shape = {256, 512 * 8 * 8};
    if (name == "output_layer.3.bias" || name.starts_with("output_layer.4.")) {
      if (!view.shape.empty()) view.shape = {256};
    }
  }
  const ModelSpec spec = recognise(file).spec;
  EXPECT_EQ(spec.embedding_size, 256);
  EXPECT_EQ(spec.preprocess.width, 128);
  EXPECT_EQ(spec.preprocess.height, 128);
}

TEST_F(RecognisedCheckpoint, ANearMissListsTheDifferencesOfTheNearest) {
  TensorFile file = published_file("evo_ir_50");
  std::erase_if(file.groups[0].tensors,
                [](const NamedTensor& tensor) { return tensor.name == "body.5.res_layer.1.weight"; });
  add(file, "body.5.res_layer.9.weight", {3});
  for (auto& [name, view] : file.groups[0].tensors) {
    if (name == "body.6.res_layer.2.weight") view.shape = {1};
  }
  const Finding finding = examine(file);
  EXPECT_FALSE(finding.model);
  ASSERT_THAT(finding.nearest, SizeIs(3));
  const NetworkDifference& nearest = finding.nearest[0];
  EXPECT_EQ(nearest.architecture, "ir_50");
  EXPECT_EQ(nearest.matching, 347);
  EXPECT_THAT(nearest.missing, ElementsAre("body.5.res_layer.1.weight"));
  EXPECT_THAT(nearest.unexpected, ElementsAre("body.5.res_layer.9.weight"));
  EXPECT_THAT(nearest.reshaped, ElementsAre("body.6.res_layer.2.weight [1], expected [128]"));
  try {
    recognise(file);
    FAIL() << "recognised";
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), "weights.pth");
    EXPECT_THAT(error.message(), HasSubstr("ir_50: 347 tensors match; 1 missing: body.5.res_layer.1.weight"));
  }
}

TEST_F(RecognisedCheckpoint, WhatResemblesNothingIsCalledNothing) {
  TensorFile file{"weights.pth", "pytorch", {{"", {}}}, {}, nullptr};
  add(file, "conv1.weight", {8, 3, 3, 3});
  const Finding finding = examine(file);
  EXPECT_FALSE(finding.model);
  EXPECT_THAT(finding.nearest, IsEmpty());
}

TEST_F(RecognisedCheckpoint, OddCountersDoNoHarmAndOddTypesAreANearMiss) {
  TensorFile file = published_file("arcface_torch_iresnet18");
  for (auto& [name, view] : file.groups[0].tensors) {
    if (name.ends_with("num_batches_tracked")) view = {.dtype = "I32", .shape = {1}, .bytes = {}};
  }
  EXPECT_EQ(recognise(file).spec.architecture, "iresnet18");
  for (const std::string dtype : {"I32", "C64", "F8_E4M3"}) {
    file.groups[0].tensors[0].view.dtype = dtype;
    const Finding finding = examine(file);
    ASSERT_FALSE(finding.model);
    EXPECT_THAT(finding.nearest[0].reshaped, ElementsAre("conv1.weight of type " + dtype + ", expected F32"));
  }
}

TEST_F(RecognisedCheckpoint, ASecondCopyIsWarnedOf) {
  TensorFile file = published_file("arcface_torch_iresnet18", "student.");
  const TensorFile teacher = published_file("arcface_torch_iresnet18", "teacher.");
  for (const NamedTensor& tensor : teacher.groups[0].tensors) file.groups[0].tensors.push_back(tensor);
  EXPECT_THAT(recognise(file).warnings, Contains(HasSubstr("another copy, with the prefix 'teacher.'")));
}

// Keys and shapes as the published weights of VGGFace2 have them.
TEST(RecognisedInceptionResnet, ItsClassifierIsLeftOut) {
  const nlohmann::json json =
      test::load_json(fs::path(FACEREC_SOURCE_DIR) / "tests" / "golden" / "inception_resnet_v1.json");
  TensorFile file = file_of(json);
  add(file, "logits.weight", {8631, 512});
  add(file, "logits.bias", {8631});
  const Recognition found = recognise(file);
  EXPECT_EQ(found.spec.architecture, "inception_resnet_v1");
  EXPECT_EQ(found.spec.embedding_size, 512);
  EXPECT_TRUE(found.spec.unit_length);
  EXPECT_EQ(preprocess_formula(found.spec.preprocess), "160x160 RGB, (x - 127.5)/128");
  EXPECT_EQ(found.publisher, "facenet-pytorch");
  EXPECT_EQ(found.flip, "no_flip");
  EXPECT_THAT(found.warnings, IsEmpty());
  EXPECT_THAT(found.left_out, ElementsAre("logits.bias", "logits.weight"));
}

TEST(Networks, EveryBackboneCanBeRecognised) {
  std::set<std::string> known;
  for (const Network& network : networks()) known.insert(network.architecture);
  for (const std::string& name : backbone_names()) EXPECT_TRUE(known.contains(name)) << name;
}

// A name that no table may be asked for.
TEST_F(RecognisedCheckpoint, ATensorWithoutANameIsNoNetwork) {
  TensorFile file{"weights.pth", "pytorch", {{"", {}}}, {}, nullptr};
  add(file, "", {3, 4});
  EXPECT_FALSE(examine(file).model);
}

TEST(Preprocessing, NamesAndFormulasGoBothWays) {
  const Preprocess published{.width = 96, .height = 112};
  for (const char* text :
       {"default", "bgr", "unit", "rgb128", "bgr128", "imagenet", "rgb:0.25:0.75", "bgr:0.1,0.2,0.3:0.4,0.5,0.6"}) {
    const Preprocess preprocess = parse_preprocess(text, published);
    EXPECT_EQ(preprocess_name(preprocess, published), text);
    EXPECT_EQ(preprocess.width, 96);
  }
  EXPECT_EQ(preprocess_formula(parse_preprocess("unit", published)), "96x112 RGB, x/255");
  for (const char* text : {"", "bgr2", "bgr:0.5", "gbr:0.5:0.5", "rgb:0.5:0", "rgb:0.5:0.1,0.2", "rgb:nan:1",
                           "rgb:1,2,3,4:1", "rgb:0.5:0.5:0.5"}) {
    EXPECT_THROW(parse_preprocess(text, published), Error) << text;
  }
}

}  // namespace
}  // namespace facerec
