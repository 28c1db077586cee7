// Every detector against the peer's own run on the same photographs (reference/alignment/detections_*.json).
#include <algorithm>
#include <cmath>
#include <map>

#include "face/boxes.h"
#include "facerec/face/detector.h"
#include "network_golden.h"

namespace facerec {
namespace {

using nlohmann::json;
using test::weights;

struct Reference {
  std::string detector, file;
  std::string weights;
  double pixels;  // what boxes and landmarks may be off in 99 of 100 faces; in the others 2
  double score;
  double last_threshold;  // faces this near to it may appear or vanish
};

std::ostream& operator<<(std::ostream& out, const Reference& reference) { return out << reference.detector; }

Face face_of(const json& from) {
  Face face;
  const json& box = from.at("box");
  face.box = {box[0], box[1], box[2], box[3]};
  face.score = from.at("score");
  for (size_t i = 0; i < 5; ++i) face.landmarks[i] = {from.at("landmarks")[i][0], from.at("landmarks")[i][1]};
  return face;
}

double distance(const Face& a, const Face& b) {
  double most = std::max({std::abs(a.box.x1 - b.box.x1), std::abs(a.box.y1 - b.box.y1), std::abs(a.box.x2 - b.box.x2),
                          std::abs(a.box.y2 - b.box.y2)});
  for (size_t i = 0; i < 5; ++i) {
    most = std::max<double>(
        {most, std::abs(a.landmarks[i].x - b.landmarks[i].x), std::abs(a.landmarks[i].y - b.landmarks[i].y)});
  }
  return most;
}

class Detections : public testing::TestWithParam<Reference> {};

TEST_P(Detections, AreThePeers) {
  FACEREC_NEEDS_TEST_DATA();
  const Reference& reference = GetParam();
  const json golden = test::load_json(test::test_data() / "reference" / "alignment" / reference.file);
  const auto detector =
      open_detector({.name = reference.detector, .weights = weights(reference.weights), .device = "cpu"});
  size_t faces = 0, exact = 0;
  for (const json& entry : golden.at("images")) {
    const std::string name = entry.at("file");
    const Image image = decode_image(read_file(test::test_data() / "data" / name));
    ASSERT_EQ(image.width, entry.at("width"));
    std::vector<Face> found = detector->detect({&image, 1}).front();
    EXPECT_TRUE(
        std::is_sorted(found.begin(), found.end(), [](const Face& a, const Face& b) { return a.score > b.score; }));
    for (const json& one : entry.at("faces")) {
      const Face expected = face_of(one);
      const auto nearest = std::max_element(found.begin(), found.end(), [&](const Face& a, const Face& b) {
        return overlap(a.box, expected.box) < overlap(b.box, expected.box);
      });
      ++faces;
      if (nearest == found.end() || overlap(nearest->box, expected.box) < 0.5) {
        EXPECT_LT(expected.score, reference.last_threshold) << name << " lacks a face";
        continue;
      }
      const double off = distance(*nearest, expected);
      EXPECT_LE(off, 2) << name;
      EXPECT_NEAR(nearest->score, expected.score, off > reference.pixels ? 0.05 : reference.score) << name;
      exact += off <= reference.pixels ? 1 : 0;
      found.erase(nearest);
    }
    for (const Face& face : found) EXPECT_LT(face.score, reference.last_threshold) << name << " has one face more";
  }
  EXPECT_GT(faces, 200);
  EXPECT_GE(static_cast<double>(exact), 0.99 * static_cast<double>(faces));
}

INSTANTIATE_TEST_SUITE_P(
    Peers, Detections,
    testing::Values(Reference{"retinaface", "detections_retinaface_mnet025.json", "retinaface/mobilenet0.25_Final.pth",
                              0.05, 1e-4, 0.62},
                    Reference{"mtcnn", "detections_mtcnn_facenet.json", "mtcnn", 0.05, 1e-4, 0.72},
                    Reference{"mtcnn_evolve", "detections_mtcnn_evolve.json", "mtcnn", 0.05, 1e-4, 0.82},
                    Reference{"yunet", "detections_yunet_2023mar.json", "yunet/face_detection_yunet_2023mar.onnx", 0.01,
                              1e-4, 0.6},
                    Reference{"yunet", "detections_yunet_2023mar.json", "yunet/yunet_s_dynamic.onnx", 0.01, 1e-4, 0.6},
                    Reference{"yunet_n", "detections_yunet_n.json", "yunet/yunet_n_640_640.onnx", 0.01, 1e-4, 0.6}),
    [](const auto& test) { return test.param.detector + "_" + std::to_string(test.index); });

}  // namespace
}  // namespace facerec
