#include "facerec/face/detector.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <thread>

#include "face/detectors.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/core/text.h"
#include "facerec/face/published_weights.h"

namespace facerec {
namespace {

// In the order in which auto prefers them.
constexpr std::string_view known_detectors[] = {
    "retinaface_resnet50", "retinaface", "mtcnn", "mtcnn_evolve", "yunet", "yunet_n", "haar"};

// Above it an image is looked at in a smaller copy: a network would need many times its memory, and sides of several
// thousand pixels show faces of hundreds.
constexpr int64_t max_detected_pixels = int64_t{1} << 24;

// Where distributions put the cascades.
fs::path cascades_folder() {
  for (const char* folder :
       {"/usr/share/opencv4/haarcascades", "/usr/local/share/opencv4/haarcascades", "/usr/share/opencv/haarcascades"}) {
    std::error_code code;
    if (fs::is_directory(folder, code)) return folder;
  }
  return {};
}

bool is_usable(const std::string& name) {
  if (name == "haar") return !cascades_folder().empty();
  try {
    return is_at_hand(find_published(name));
  } catch (const Error&) {  // a machine without a place for them
    return false;
  }
}

// pnet, rnet and onet of a folder, in either publication.
std::vector<fs::path> mtcnn_files(const fs::path& folder) {
  for (const char* extension : {".pt", ".npy"}) {
    std::vector<fs::path> files;
    for (const char* net : {"pnet", "rnet", "onet"}) files.push_back(folder / (std::string(net) + extension));
    if (std::all_of(files.begin(), files.end(), [](const fs::path& file) { return fs::exists(file); })) return files;
  }
  throw Error::usage("holds no weights of MTCNN")
      .file(text_of(folder))
      .hint("they are pnet, rnet and onet, all .pt (facenet-pytorch) or all .npy (face.evoLVe)");
}

std::vector<fs::path> files_of(const DetectorOptions& options) {
  const bool many = options.name.starts_with("mtcnn");
  if (options.name == "haar") {
    const fs::path folder = options.weights.empty() ? cascades_folder() : options.weights;
    if (!folder.empty()) return {folder};
    throw Error::usage("OpenCV's cascades are not installed")
        .hint("apt install opencv-data, or name their folder by --weights");
  }
  if (options.weights.empty()) return weights_files(options.name);
  std::error_code code;
  if (!fs::exists(options.weights, code)) throw Error::usage("does not exist").file(text_of(options.weights));
  if (fs::is_directory(options.weights, code) == many) {
    return many ? mtcnn_files(options.weights) : std::vector{options.weights};
  }
  throw Error::usage(many ? "is no folder" : "is no file")
      .file(text_of(options.weights))
      .hint(many ? "name the folder that holds pnet, rnet and onet" : "name the file with the weights");
}

// With the name of a detector that there is.
DetectorOptions resolved(DetectorOptions options) {
  if (options.name == "auto") {
    if (!options.weights.empty())
      throw Error::usage("weights without a detector")
          .hint("name it: --detector retinaface (of align), --align retinaface (of others)");
    options.name = best_detector();
  }
  if (std::find(std::begin(known_detectors), std::end(known_detectors), options.name) == std::end(known_detectors)) {
    throw Error::usage("there is no detector '" + options.name + "'")
        .hint(fmt::format("known: auto, {}", fmt::join(known_detectors, ", ")));
  }
  return options;
}

std::unique_ptr<Detector> open(const DetectorOptions& options) {
  const std::vector<fs::path> files = files_of(options);
  if (options.name.starts_with("mtcnn")) return open_mtcnn(options, files);
  if (options.name.starts_with("retinaface")) return open_retinaface(options, files.front());
  if (options.name.starts_with("yunet")) return open_yunet(options, files.front());
  return open_haar(options, files.front());
}

Error no_number(const std::string& detector) {
  return Error("the network of " + detector + " gives what is no number")
      .hint("its weights may be damaged: `facerec models download " + detector + " --force` gets them again");
}

bool has_finite_points(const Face& face) {
  float sum = face.box.x1 + face.box.y1 + face.box.x2 + face.box.y2;
  for (const Point& point : face.landmarks) sum += point.x + point.y;
  return std::isfinite(sum);
}

// What every detector owes: looks at smaller copies of what is too large for it, gives its answers in pixels of the
// image, and no answer that is no number.
class BoundedDetector final : public Detector {
 public:
  BoundedDetector(std::unique_ptr<Detector> detector, int threads)
      : detector_(std::move(detector)), threads_(threads) {}
  const std::string& name() const override { return detector_->name(); }

  std::vector<std::vector<Face>> detect(std::span<const Image> images) override {
    take_thread();
    std::vector<std::vector<Face>> faces = detect_bounded(images);
    for (const std::vector<Face>& of_image : faces) {
      if (!std::all_of(of_image.begin(), of_image.end(), has_finite_points)) throw no_number(name());
    }
    return faces;
  }

 private:
  // LibTorch's number of threads belongs to the thread that calls it.
  void take_thread() {
    if (thread_ == std::this_thread::get_id()) return;
    thread_ = std::this_thread::get_id();
    at::set_num_threads(threads_);
  }

  std::vector<std::vector<Face>> detect_bounded(std::span<const Image> images) {
    const auto is_large = [](const Image& image) { return int64_t{image.width} * image.height > max_detected_pixels; };
    if (std::none_of(images.begin(), images.end(), is_large)) return detector_->detect(images);
    std::vector<std::vector<Face>> faces;
    for (const Image& image : images) {
      faces.push_back(is_large(image) ? detect_smaller(image) : std::move(detector_->detect({&image, 1}).front()));
    }
    return faces;
  }

  std::vector<Face> detect_smaller(const Image& image) {
    const double pixels = static_cast<double>(image.width) * image.height;
    const double scale = std::sqrt(static_cast<double>(max_detected_pixels) / pixels);
    const int width = std::max(1, static_cast<int>(image.width * scale));
    const int height = std::max(1, static_cast<int>(image.height * scale));
    const Image smaller = resize(image, width, height);
    std::vector<Face> faces = std::move(detector_->detect({&smaller, 1}).front());
    const float x = static_cast<float>(image.width) / static_cast<float>(width);
    const float y = static_cast<float>(image.height) / static_cast<float>(height);
    for (Face& face : faces) {
      face.box = {face.box.x1 * x, face.box.y1 * y, face.box.x2 * x, face.box.y2 * y};
      for (Point& point : face.landmarks) point = {point.x * x, point.y * y};
    }
    return faces;
  }

  std::unique_ptr<Detector> detector_;
  int threads_;
  std::thread::id thread_;
};

}  // namespace

std::span<const std::string_view> detector_names() { return known_detectors; }

std::string best_detector() {
  std::string better;  // the first that a command would get
  for (const std::string_view name : known_detectors) {
    if (is_usable(std::string(name))) {
      if (!better.empty()) {
        spdlog::warn("{} is not the best detector: the weights of {} are not at hand; `facerec models download {}`",
                     name, better, better);
      }
      return std::string(name);
    }
    if (better.empty() && name != "haar" && find_published(std::string(name)).by_hand.empty()) better = name;
  }
  throw Error::usage("there is no detector whose weights are at hand")
      .hint("`facerec models download retinaface` gets one; apt install opencv-data is enough for a poor one");
}

std::unique_ptr<Detector> open_detector(const DetectorOptions& options) {
  return std::make_unique<BoundedDetector>(open(resolved(options)), resolve_threads(options.threads));
}

std::vector<fs::path> detector_files(const DetectorOptions& options) { return files_of(resolved(options)); }

std::vector<std::vector<size_t>> groups_of_one_size(std::span<const Image> images) {
  std::vector<std::vector<size_t>> groups;
  std::map<std::pair<int, int>, size_t> known;
  for (size_t i = 0; i < images.size(); ++i) {
    const auto [at, is_new] = known.try_emplace({images[i].width, images[i].height}, groups.size());
    if (is_new) groups.emplace_back();
    groups[at->second].push_back(i);
  }
  return groups;
}

void expect_numbers(const at::Tensor& values, const std::string& detector) {
  if (!torch::isfinite(values).all().item<bool>()) throw no_number(detector);
}

}  // namespace facerec
