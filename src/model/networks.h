// The keys by which a file of tensors shows its architecture and its sizes.
#pragma once

#include <span>

#include "facerec/io/tensor_file.h"
#include "facerec/model/spec.h"

namespace facerec {

struct Network {
  const char* architecture;
  // A key that this network has and smaller ones of its family lack. It finds candidates; all keys and shapes decide.
  const char* mark;
  const char* embedding;  // the key whose first extent is the embedding size; "": the last that `features` names
  // The key whose extents tell how many positions of the last feature map are left: a Linear over `channels` times
  // them, or a filter as large as the map. "": the network pools them, so nothing tells.
  const char* features;
  int64_t channels;
  int halvings;  // of the image, from the input to that map
};

std::span<const Network> networks();

// What the file says about a network's sizes: the published ones where it says nothing. `tensors` bear the
// architecture's own names.
ModelSpec sizes_from(const Network& network, const std::map<std::string, TensorView>& tensors);

}  // namespace facerec
