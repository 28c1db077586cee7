#include "facerec/face/detector.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "face/boxes.h"
#include "facerec/core/error.h"
#include "facerec/model/weights.h"
#include "network_golden.h"
#include "support/images.h"

namespace facerec {
namespace {

using test::weights;
using testing::HasSubstr;
using testing::IsEmpty;

struct Named {
  std::string name, file;
};

// Of each network one.
const std::vector<Named> detectors{{"retinaface", "retinaface/mobilenet0.25_Final.pth"},
                                   {"mtcnn", "mtcnn"},
                                   {"mtcnn_evolve", "mtcnn"},
                                   {"yunet", "yunet/face_detection_yunet_2023mar.onnx"},
                                   {"haar", ""}};

std::unique_ptr<Detector> open(const Named& named, float min_score = 0) {
  return open_detector({.name = named.name,
                        .weights = named.file.empty() ? fs::path() : weights(named.file),
                        .device = "cpu",
                        .min_score = min_score});
}

std::string error_of(const DetectorOptions& options) {
  try {
    const Image image = test::flat_image(64, 90, 90, 90);
    open_detector(options)->detect({&image, 1});
  } catch (const Error& error) {
    return error.file() + ": " + error.message() + "; " + error.hint();
  }
  return "no error";
}

Image photo(const std::string& name) { return decode_image(read_file(test::test_data() / "data" / name)); }

class EveryDetector : public testing::TestWithParam<Named> {};

TEST_P(EveryDetector, FindsNothingInNothing) {
  FACEREC_NEEDS_TEST_DATA();
  const auto detector = open(GetParam());
  EXPECT_EQ(detector->name(), GetParam().name);
  EXPECT_THAT(detector->detect({}), IsEmpty());
  for (const int size : {1, 11, 12, 13, 33, 250}) {
    const Image image = test::flat_image(size, 120, 120, 120);
    EXPECT_THAT(detector->detect({&image, 1}).front(), IsEmpty()) << size;
  }
  const Image sliver(2000, 3);
  EXPECT_THAT(detector->detect({&sliver, 1}).front(), IsEmpty());
}

TEST_P(EveryDetector, FindsInABatchWhatItFindsAlone) {
  FACEREC_NEEDS_TEST_DATA();
  const auto detector = open(GetParam());
  std::vector<Image> images;
  for (const char* name : {"lfw_fold1_raw250/Abdul_Rahman/Abdul_Rahman_0001.jpg", "photos/Tom_Hanks_112.png",
                           "lfw_fold1_raw250/Abel_Pacheco/Abel_Pacheco_0001.jpg"}) {
    images.push_back(photo(name));
  }
  const auto together = detector->detect(images);
  ASSERT_EQ(together.size(), images.size());
  for (size_t i = 0; i < images.size(); ++i) {
    const std::vector<Face> alone = detector->detect({&images[i], 1}).front();
    ASSERT_EQ(together[i].size(), alone.size()) << i;
    for (size_t f = 0; f < alone.size(); ++f) {
      EXPECT_GT(overlap(together[i][f].box, alone[f].box), 0.999F);
      EXPECT_NEAR(together[i][f].landmarks[2].x, alone[f].landmarks[2].x, 0.01);
    }
  }
}

TEST_P(EveryDetector, LooksAtASmallerCopyOfAHugePhotograph) {
  FACEREC_NEEDS_TEST_DATA();
  const auto detector = open(GetParam());
  const Image small = photo("lfw_fold1_raw250/Abdul_Rahman/Abdul_Rahman_0001.jpg");
  // A face in the corner of 25 megapixels, which are looked at as 16.
  const Image large_face = resize(small, 1000, 1000);
  Image huge(5000, 5000);
  for (int y = 0; y < 1000; ++y) std::copy_n(large_face.row(y), 3000, huge.row(y + 4000) + 3 * 4000);
  const std::vector<Face> found = detector->detect({&huge, 1}).front(),
                          expected = detector->detect({&small, 1}).front();
  ASSERT_FALSE(found.empty());
  ASSERT_FALSE(expected.empty());
  const Box& box = expected.front().box;
  const Box there{4000 + 4 * box.x1, 4000 + 4 * box.y1, 4000 + 4 * box.x2, 4000 + 4 * box.y2};
  float best = 0;
  for (const Face& face : found) best = std::max(best, overlap(face.box, there));
  EXPECT_GT(best, 0.7F);
}

TEST_P(EveryDetector, FindsTwoHundredFaces) {
  FACEREC_NEEDS_TEST_DATA();
  constexpr int columns = 20, rows = 10, side = 112;
  Image crowd(columns * side, rows * side);
  int tile = 0;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(test::test_data() / "data" / "lfw_fold1_aligned")) {
    if (entry.path().extension() == ".jpg") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (; tile < columns * rows; ++tile) {
    const Image face = decode_image(read_file(files.at(static_cast<size_t>(tile))));
    for (int y = 0; y < side; ++y) {
      std::copy_n(face.row(y), 3 * side, crowd.row(tile / columns * side + y) + 3 * (tile % columns) * side);
    }
  }
  const size_t found = open(GetParam())->detect({&crowd, 1}).front().size();
  std::cout << GetParam().name << " finds " << found << " of 200 faces\n";
  EXPECT_GT(found, 150);
  EXPECT_LT(found, 220);
}

TEST_P(EveryDetector, KeepsToTheScoreThatIsAskedFor) {
  FACEREC_NEEDS_TEST_DATA();
  const Image image = photo("photos/office1_16.jpg");
  const float score = GetParam().name == "haar" ? 0.96F : 0.9F;
  const std::vector<Face> all = open(GetParam())->detect({&image, 1}).front();
  const std::vector<Face> sure = open(GetParam(), score)->detect({&image, 1}).front();
  EXPECT_LE(sure.size(), all.size());
  EXPECT_FALSE(sure.empty());
  for (const Face& face : sure) EXPECT_GE(face.score, score);
}

INSTANTIATE_TEST_SUITE_P(Detectors, EveryDetector, testing::ValuesIn(detectors),
                         [](const auto& test) { return test.param.name; });

TEST(OpenDetector, TellsWhatIsWrong) {
  FACEREC_NEEDS_TEST_DATA();
  const test::TemporaryFolder folder;
  EXPECT_THAT(error_of({.name = "retina"}),
              HasSubstr("there is no detector 'retina'; known: auto, retinaface_resnet50"));
  EXPECT_THAT(error_of({.name = "auto", .weights = weights("mtcnn")}), HasSubstr("name it"));
  EXPECT_THAT(error_of({.name = "mtcnn", .weights = folder.path()}), HasSubstr("pnet, rnet and onet"));
  EXPECT_THAT(error_of({.name = "mtcnn", .weights = weights("mtcnn/pnet.pt")}), HasSubstr("is no folder"));
  EXPECT_THAT(error_of({.name = "yunet", .weights = weights("yunet")}), HasSubstr("is no file"));
  EXPECT_THAT(error_of({.name = "yunet", .weights = folder / "absent.onnx"}), HasSubstr("does not exist"));
  EXPECT_THAT(error_of({.name = "haar", .weights = folder.path()}), HasSubstr("opencv-data"));
  EXPECT_THAT(error_of({.name = "yunet", .weights = weights("yunet/yunet_s_dynamic.onnx"), .device = "cuda"}),
              HasSubstr("on the CPU"));
}

TEST(OpenDetector, RefusesWeightsOfAnotherNetwork) {
  FACEREC_NEEDS_TEST_DATA();
  EXPECT_THAT(error_of({.name = "retinaface", .weights = weights("mtcnn/pnet.pt")}), HasSubstr("there is no body."));
  EXPECT_THAT(error_of({.name = "retinaface_resnet50", .weights = weights("retinaface/mobilenet0.25_Final.pth")}),
              HasSubstr("there is no body.conv1.weight"));
  EXPECT_THAT(error_of({.name = "yunet", .weights = weights("ultralight/version-RFB-320.onnx")}),
              HasSubstr("not the weights of YuNet"));
  EXPECT_THAT(error_of({.name = "yunet", .weights = weights("MobileFaceNet_foamliu.onnx")}),
              HasSubstr("not the weights of YuNet"));
}

TEST(OpenDetector, RefusesTruncatedWeights) {
  FACEREC_NEEDS_TEST_DATA();
  const test::TemporaryFolder folder;
  for (const auto& [name, file] : detectors) {
    if (name == "haar" || name.starts_with("mtcnn")) continue;
    std::vector<std::byte> bytes = read_file(weights(file));
    bytes.resize(bytes.size() * 2 / 3);
    const fs::path part = folder / fs::path(file).filename().string();
    write_file(part, bytes);
    EXPECT_THAT(error_of({.name = name, .weights = part}), HasSubstr(part.string())) << name;
  }
  for (const char* extension : {".pt", ".npy"}) {
    fs::remove(folder / "pnet.pt");
    for (const char* net : {"pnet", "rnet", "onet"}) {
      std::vector<std::byte> bytes = read_file(weights("mtcnn") / (std::string(net) + extension));
      if (std::string(net) == "rnet") bytes.resize(bytes.size() / 2);
      write_file(folder / (std::string(net) + extension), bytes);
    }
    EXPECT_THAT(error_of({.name = "mtcnn", .weights = folder.path()}), HasSubstr(std::string("rnet") + extension));
  }
}

TEST(OpenDetector, TellsOfANetworkThatGivesNoNumbers) {
  FACEREC_NEEDS_TEST_DATA();
  const test::TemporaryFolder folder;
  const TensorFile file = open_tensor_file(weights("retinaface/mobilenet0.25_Final.pth"));
  const Image image = photo("photos/Tom_Hanks_112.png");
  for (const char* head : {"ClassHead", "BboxHead", "LandmarkHead"}) {
    NamedTensors tensors;
    for (const auto& [name, view] : file.groups.front().tensors) {
      torch::Tensor values = tensor_of(view).clone();
      if (name.find(std::string(head) + ".1.conv1x1.bias") != std::string::npos) values.fill_(std::nan(""));
      tensors.emplace_back(name, values);
    }
    save_tensors(folder / "nan.safetensors", tensors);
    const auto detector = open_detector({.name = "retinaface", .weights = folder / "nan.safetensors", .device = "cpu"});
    try {
      detector->detect({&image, 1});
      ADD_FAILURE() << head;
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), HasSubstr("no number")) << head;
    }
  }
}

}  // namespace
}  // namespace facerec
