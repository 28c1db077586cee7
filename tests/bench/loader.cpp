// What the loader costs beside the decoding itself: images/s of libjpeg-turbo alone over the encoded bytes in memory,
// on one thread, and of the Loader (read, decode, flip, collate) with one worker and with all cores.
//     loader SET [SECONDS]                 a set of JPEGs of one size, in any form that train reads
//     loader SET SECONDS --normalise       one number: images/s of the Loader on the cores it has, each batch also
//     turned
//                                          into normalised floats, planes apart; dataloader_peer.py compares that
#include "facerec/data/loader.h"

#include <turbojpeg.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <opencv2/core.hpp>

#include "facerec/core/parallel.h"

namespace {

using namespace facerec;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double decode_alone(const std::vector<Sample>& samples, int width, int height, double seconds) {
  const tjhandle handle = tjInitDecompress();
  std::vector<unsigned char> pixels(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  int64_t images = 0;
  const auto begin = Clock::now();
  while (seconds_since(begin) < seconds) {
    for (const Sample& sample : samples) {
      const auto* bytes = reinterpret_cast<const unsigned char*>(sample.encoded.data());
      int w = 0, h = 0, subsampling = 0, colour = 0;
      tjDecompressHeader3(handle, bytes, sample.encoded.size(), &w, &h, &subsampling, &colour);
      tjDecompress2(handle, bytes, sample.encoded.size(), pixels.data(), width, 0, height, TJPF_RGB,
                    TJFLAG_ACCURATEDCT);
    }
    images += static_cast<int64_t>(samples.size());
  }
  const double speed = static_cast<double>(images) / seconds_since(begin);
  tjDestroy(handle);
  return speed;
}

// (x/255 - 0.5)/0.5, [n, 3, height, width].
void normalise(const Batch& batch, int width, int height, std::vector<float>& out) {
  const size_t plane = static_cast<size_t>(width) * static_cast<size_t>(height);
  out.resize(batch.pixels.size());
  std::vector<cv::Mat> channels(3);
  for (size_t image = 0; image < batch.labels.size(); ++image) {
    const cv::Mat rgb(height, width, CV_8UC3, const_cast<uint8_t*>(batch.pixels.data() + image * plane * 3));
    cv::split(rgb, channels);
    for (size_t channel = 0; channel < 3; ++channel) {
      cv::Mat target(height, width, CV_32F, out.data() + (image * 3 + channel) * plane);
      channels[channel].convertTo(target, CV_32F, 2 / 255., -1);
    }
  }
}

double load(const std::shared_ptr<const Dataset>& data, int width, int height, int workers, double seconds,
            bool normalised = false) {
  std::vector<float> floats;
  LoaderOptions options;
  options.width = width;
  options.height = height;
  options.workers = workers;
  Loader loader(data, shuffle_sampler({{0, data->size(), 1.0}}, 1), options);
  for (int i = 0; i < 8; ++i) loader.give_back(loader.next());
  int64_t images = 0;
  const auto begin = Clock::now();
  while (seconds_since(begin) < seconds) {
    Batch batch = loader.next();
    images += batch.size();
    if (normalised) normalise(batch, width, height, floats);
    loader.give_back(std::move(batch));
  }
  return static_cast<double>(images) / seconds_since(begin);
}

}  // namespace

int main(int count, char** arguments) try {
  if (count < 2) return std::fprintf(stderr, "loader SET [SECONDS]\n"), 2;
  const double seconds = count > 2 ? std::atof(arguments[2]) : 5;
  Problems problems;
  const std::shared_ptr<const Dataset> data = open_images({arguments[1]}, "", problems);
  std::vector<Sample> samples;
  for (int64_t i = 0; i < std::min<int64_t>(data->size(), 4096); ++i) samples.push_back(data->read(i));
  const ImageHeader header = probe_image(samples[0].encoded);
  if (count > 3) {
    std::printf("%.1f\n", load(data, header.width, header.height, available_cores(), seconds, true));
    return 0;
  }
  // Twice, one after the other: the machine's speed drifts.
  for (int round = 0; round < 2; ++round) {
    const double alone = decode_alone(samples, header.width, header.height, seconds);
    const double one = load(data, header.width, header.height, 1, seconds);
    const double all = load(data, header.width, header.height, available_cores(), seconds);
    std::printf("images/s: libjpeg-turbo alone %.0f, loader with 1 worker %.0f (%.1f %%), with %d %.0f (%.2f times)\n",
                alone, one, 100 * one / alone, available_cores(), all, all / one);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
