#include "face/mtcnn_networks.h"

#include "facerec/core/error.h"
#include "network_golden.h"

namespace facerec {
namespace {

using test::expect_close;
using test::weights;

constexpr double relative = 1e-4;

// Weights of both publications: .pt of facenet-pytorch, .npy of face.evoLVe.
class MtcnnNetworks : public testing::TestWithParam<std::string> {
 protected:
  DetectorWeights open(const std::string& net) const { return DetectorWeights(weights("mtcnn/" + net + GetParam())); }
};

TEST_P(MtcnnNetworks, AnswerAsThePeer) {
  FACEREC_NEEDS_TEST_DATA();
  const torch::InferenceMode inference;
  const test::NetworkGolden golden("network_io_mtcnn.safetensors");
  const mtcnn::Output p = mtcnn::PNet(open("pnet"), torch::kCPU).forward(golden["pnet.input"]);
  expect_close(p.box, golden["pnet.output.box"], relative, "pnet box");
  expect_close(p.probability, golden["pnet.output.prob"].select(1, 1), relative, "pnet probability");
  const mtcnn::Output r = mtcnn::RNet(open("rnet"), torch::kCPU).forward(golden["rnet.input"]);
  expect_close(r.box, golden["rnet.output.box"], relative, "rnet box");
  expect_close(r.probability, golden["rnet.output.prob"].select(1, 1), relative, "rnet probability");
  const mtcnn::Output o = mtcnn::ONet(open("onet"), torch::kCPU).forward(golden["onet.input"]);
  expect_close(o.box, golden["onet.output.box"], relative, "onet box");
  expect_close(o.probability, golden["onet.output.prob"].select(1, 1), relative, "onet probability");
  expect_close(o.landmarks, golden["onet.output.landmark"], relative, "onet landmarks");
}

INSTANTIATE_TEST_SUITE_P(Weights, MtcnnNetworks, testing::Values(".pt", ".npy"),
                         [](const auto& test) { return test.param.substr(1); });

TEST(MtcnnWeights, OfAnotherNetworkAreRefused) {
  FACEREC_NEEDS_TEST_DATA();
  EXPECT_THROW(mtcnn::RNet(DetectorWeights(weights("mtcnn/pnet.pt")), torch::kCPU), Error);
  EXPECT_THROW(mtcnn::ONet(DetectorWeights(weights("mtcnn/rnet.npy")), torch::kCPU), Error);
  EXPECT_THROW(mtcnn::PNet(DetectorWeights(weights("retinaface/mobilenet0.25_Final.pth")), torch::kCPU), Error);
}

}  // namespace
}  // namespace facerec
