// The names of preprocessing, in configurations and on the command line.
#pragma once

#include <string>
#include <vector>

#include "facerec/model/spec.h"

namespace facerec {

// `text` is "default" (`published` itself), a name of the table below, or ORDER:MEAN:STD with one or three numbers of
// values from 0 to 1: "bgr:0.5:0.5", "rgb:0.485,0.456,0.406:0.229,0.224,0.225". The size is that of `published`. Throws
// a usage Error that lists the names.
//
//   rgb       (x/255 − 0.5)/0.5          face.evoLVe, arcface_torch, TFace, CVLface
//   bgr       the same in BGR order      AdaFace, InsightFace_Pytorch
//   unit      x/255                      arcface-tf2
//   rgb128    (x − 127.5)/128            MobileFaceNet_Pytorch, facenet-pytorch
//   bgr128    the same in BGR order      FaceX-Zoo
//   imagenet  (x/255 − mean)/std with torchvision's mean and std
Preprocess parse_preprocess(const std::string& text, const Preprocess& published);

// The text that parse_preprocess() reads back as this one, a name where there is one.
std::string preprocess_name(const Preprocess& preprocess, const Preprocess& published);

// "112x112 RGB, (x/255 - 0.5)/0.5", for people.
std::string preprocess_formula(const Preprocess& preprocess);

}  // namespace facerec
