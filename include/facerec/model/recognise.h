// Whose network a file of tensors holds, and how its images are prepared. Free of LibTorch.
//
// The tables are src/model/networks.cpp (keys that tell the architectures apart) and src/model/publications.cpp (who
// publishes them, with which preprocessing and on which terms).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "facerec/io/onnx.h"
#include "facerec/io/tensor_file.h"
#include "facerec/model/spec.h"

namespace facerec {

// What overrules the file; "": as the file tells.
struct ModelOptions {
  std::string architecture = {};  // a name of the registry
  std::string publisher = {};     // a name of publications.cpp: whose preprocessing, where several write the same keys
  std::string preprocess = {};    // see parse_preprocess()
};

// How a file differs from a network.
struct NetworkDifference {
  std::string architecture;
  size_t matching = 0;                                     // tensors with the right name and shape
  std::vector<std::string> missing, unexpected, reshaped;  // of `reshaped`: "name [2, 3], expected [3, 3]"
};

struct Recognition {
  TensorFile file;
  ModelSpec spec;
  std::string publisher;              // as people write it: "face.evoLVe"; "facerec" for the project's own files
  std::string reason;                 // how it was recognised
  std::string flip = "flip_sum";      // how the publisher evaluates: flip_sum | flip_concat | no_flip
  std::string terms;                  // licence of code and weights, as far as file or table state them
  std::vector<std::string> warnings;  // what may be wrong, and the option that decides it
  std::map<std::string, TensorView> tensors;  // under the architecture's names
  std::vector<std::string> left_out;          // of the same dictionary: the head's tensors, and the like
};

// What a file holds: a model, or the networks that it resembles, nearest first, none that shares fewer than a tenth of
// its tensors.
struct Finding {
  std::optional<Recognition> model;
  std::vector<NetworkDifference> nearest;
};
Finding examine(const TensorFile& file, const ModelOptions& options = {});

// The same for an ONNX file, whose tensors stay where they are. It is told by the metadata that facerec writes, else by
// the shapes of its weights; a network that nobody here knows has the architecture "onnx". Throws an Error when it does
// not give one embedding an image.
Recognition recognise_onnx(const OnnxFile& file, const ModelOptions& options = {});

// Throws an Error that lists the differences from the nearest networks when it is none that facerec knows.
Recognition recognise(const TensorFile& file, const ModelOptions& options = {});

}  // namespace facerec
