// Detectors on photographs of 640 pixels in width, decoded beforehand: milliseconds an image, the median of several rounds.
//
//     detectors NAME|opencv_dnn WEIGHTS ROUNDS THREADS IMAGE…
//
// opencv_dnn times the bare forward of cv::dnn::readNet(WEIGHTS) at 640×640, the yardstick for YuNet; all others a whole
// detect(), one image at a time as a peer's does. detectors_peer.py runs it beside the Python originals.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <opencv2/dnn.hpp>

#include "facerec/core/error.h"
#include "facerec/core/files.h"
#include "facerec/face/detector.h"

namespace {

using namespace facerec;

double median_ms(int rounds, size_t images, const std::function<void()>& round) {
  round();
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    round();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    times.push_back(took.count() / static_cast<double>(images));
  }
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<size_t>(rounds / 2)];
}

double time_opencv(const fs::path& weights, int rounds, int threads) {
  cv::setNumThreads(threads);
  cv::dnn::Net net = cv::dnn::readNet(weights.string());
  const cv::Mat blob({1, 3, 640, 640}, CV_32F, cv::Scalar(127));
  return median_ms(rounds, 1, [&] {
    std::vector<cv::Mat> outputs;
    net.setInput(blob);
    net.forward(outputs, net.getUnconnectedOutLayersNames());
  });
}

int run(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("detectors NAME|opencv_dnn WEIGHTS ROUNDS THREADS IMAGE…\n", stderr);
    return 2;
  }
  const std::string name = argv[1];
  const int rounds = std::atoi(argv[3]), threads = std::atoi(argv[4]);
  if (name == "opencv_dnn") {
    std::printf("%.3f\n", time_opencv(argv[2], rounds, threads));
    return 0;
  }
  std::vector<Image> images;
  for (int i = 5; i < argc; ++i) {
    const Image image = decode_image(read_file(argv[i]));
    images.push_back(name.starts_with("yunet") ? resize(image, 640, 640)
                                               : resize(image, 640, image.height * 640 / image.width));
  }
  const auto detector = open_detector({.name = name, .weights = argv[2], .device = "cpu", .threads = threads});
  size_t faces = 0;
  const double ms = median_ms(rounds, images.size(), [&] {
    faces = 0;
    for (const Image& image : images) faces += detector->detect({&image, 1}).front().size();
  });
  std::printf("%.3f\n", ms);
  std::fprintf(stderr, "%s: %zu faces\n", name.c_str(), faces);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: %s\n", error.file().c_str(), error.message().c_str());
    return 1;
  }
}
