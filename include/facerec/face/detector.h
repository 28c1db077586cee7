// Face detectors, behind one interface. Free of LibTorch.
//
//     retinaface           RetinaFace with MobileNet 0.25 (biubug6/Pytorch_Retinaface)
//     retinaface_resnet50  the same with ResNet-50
//     mtcnn                MTCNN as facenet-pytorch runs it
//     mtcnn_evolve         MTCNN as face.evoLVe runs it
//     yunet                YuNet 2023mar (OpenCV zoo)
//     yunet_n              its larger sister
//     haar                 OpenCV's cascades for faces and eyes: a fallback that needs no weights
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/face/face.h"
#include "facerec/image/image.h"

namespace facerec {

struct DetectorOptions {
  std::string name = "auto";    // the best of the above whose weights are at hand
  fs::path weights = {};        // file; of MTCNN a folder of three, of haar that of the cascades; "": those of
                                // published_weights(); not with auto
  std::string device = "auto";  // auto | cpu | cuda | cuda:N
  int threads = 0;              // of one detect(); 0: the cores available
  int min_size = 20;            // where MTCNN's pyramid (12 at least) and the cascades begin, in pixels; others find
                                // smaller faces too
  float min_score = 0;          // 0: the detector's own threshold
};

class Detector {
 public:
  virtual ~Detector() = default;
  virtual const std::string& name() const = 0;

  // The faces of each image, best score first. Images of more than 2^24 pixels are looked at in a copy of that size.
  // Images may differ in size; those of one size are computed together. Throws Error when the network gives what is no
  // number. Not thread-safe: one detector a thread.
  virtual std::vector<std::vector<Face>> detect(std::span<const Image> images) = 0;
};

using DetectorFactory = std::function<std::unique_ptr<Detector>()>;  // called once a thread

// Throws a usage Error for an unknown name, and when weights are not at hand (with the command that gets them); an
// Error for weights that are damaged or of another network.
std::unique_ptr<Detector> open_detector(const DetectorOptions& options);

// The files that it reads; of haar, the folder of the cascades. Throws the usage Errors of open_detector().
std::vector<fs::path> detector_files(const DetectorOptions& options);

// The names above, in the order in which "auto" prefers them.
std::span<const std::string_view> detector_names();

// What "auto" stands for on this machine.
std::string best_detector();

}  // namespace facerec
