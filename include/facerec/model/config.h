// What a model is, in configuration files. Free of LibTorch.
#pragma once

#include "facerec/config/fields.h"
#include "facerec/model/spec.h"

namespace facerec {

struct ModelConfig {
  std::string name = "ir_50";
  int64_t embedding_size = 512;
  Size2 input = {112, 112};
  std::string preprocess = "default";
  double dropout = 0.4;
  int64_t max_parameters = 0;
};

inline void describe(Fields& fields, ModelConfig& c) {
  fields("name", c.name, "backbone, such as ir_50 or ir_se_50; the answer to an unknown name lists all");
  fields("embedding_size", c.embedding_size, "length of the embedding", between(1, max_embedding_size));
  fields("input", c.input, "width and height of the images that the network sees; others are resized",
         between(min_input_side, max_input_side));
  fields(
      "preprocess", c.preprocess,
      "default: as the backbone was published, RGB and (x/255 - 0.5)/0.5 for most; rgb | bgr: the same in this order; "
      "unit: RGB, x/255; rgb128 | bgr128: (x - 127.5)/128; imagenet; or ORDER:MEAN:STD");
  fields("dropout", c.dropout, "probability before the last linear layer", between(0, 0.99));
  fields("max_parameters", c.max_parameters, "refuse to train a backbone with more parameters; 0: no limit",
         at_least(0));
}

struct HeadConfig {
  std::string name = "arcface";
  double scale = 64.0;
  double margin = 0.5;
  bool easy_margin = false;
};

inline void describe(Fields& fields, HeadConfig& c) {
  fields("name", c.name, "softmax | arcface | arcface_torch | cosface");
  fields("scale", c.scale, "radius s that the cosines are multiplied with", above(0));
  fields("margin", c.margin, "margin m: radians for arcface, cosine for cosface", between(0, 3.14159));
  fields("easy_margin", c.easy_margin, "arcface: penalise only angles below 90 degrees");
}

}  // namespace facerec
