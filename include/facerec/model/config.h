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
  fields("dropout", c.dropout, "probability before the last linear layer; mobilefacenet, mbf and vit have none",
         between(0, 0.99));
  fields("max_parameters", c.max_parameters, "refuse to train a backbone with more parameters; 0: no limit",
         at_least(0));
}

// Keys without meaning for the named head must keep their defaults: make_head refuses others.
struct HeadConfig {
  std::string name = "arcface";
  double scale = 64.0;
  double margin = 0.5;
  bool easy_margin = false;
  std::vector<double> margins = {1.0, 0.5, 0.0};
  double filter_threshold = 0.0;
  int64_t centers = 3;
  double h = 0.333, t_alpha = 0.01;
  std::vector<double> norms = {10, 110}, norm_margins = {0.45, 0.8};
  double norm_weight = 35;
  bool logit_norm = false;
  double sample_rate = 1.0;
};

inline void describe(Fields& fields, HeadConfig& c) {
  fields(
      "name", c.name,
      "softmax | sphereface | cosface | arcface | arcface_torch | combined | subcenter_arcface | adaface | magface | "
      "curricularface");
  fields("scale", c.scale, "radius s that the cosines are multiplied with; not of softmax and sphereface",
         between(1e-3, 1e4));
  fields("margin", c.margin,
         "margin m: radians, at most pi, for arcface, arcface_torch, subcenter_arcface, curricularface and adaface; "
         "cosine, at "
         "most 2, for cosface; for sphereface the factor of the angle, a whole number from 1 to 5",
         between(0, 10));
  fields("easy_margin", c.easy_margin, "arcface: penalise only angles below 90 degrees");
  fields("margins", c.margins, "combined: m1, m2, m3 of cos(m1·θ + m2) − m3", between(0, 10));
  fields("filter_threshold", c.filter_threshold,
         "arcface_torch, combined: leave out other classes whose cosine is above this; 0: none", between(0, 1));
  fields("centers", c.centers, "subcenter_arcface: centres of a class", between(1, 100));
  fields("h", c.h, "adaface: how far the norm moves the margin", between(0, 10));
  fields("t_alpha", c.t_alpha, "adaface, curricularface: rate of the running statistics", between(0, 1));
  fields("norms", c.norms, "magface: the least and the largest norm that counts", above(0));
  fields("norm_margins", c.norm_margins, "magface: the margins at these norms", between(0, 3.14159));
  fields("norm_weight", c.norm_weight, "magface: weight of the term that lengthens embeddings", between(0, 1e6));
  fields("logit_norm", c.logit_norm, "softmax: BatchNorm behind the logits (Gao et al. 2019, 1908.01683)");
  fields("sample_rate", c.sample_rate,
         "PartialFC: share of the classes that a step uses, those of its images always (An et al. 2022, 2203.15565)",
         between(1e-6, 1));
}

struct ClassificationLossConfig {
  std::string name = "cross_entropy";
  double weight = 1.0;
  double gamma = 2.0;
  double label_smoothing = 0.0;
};

inline void describe(Fields& fields, ClassificationLossConfig& c) {
  fields("name", c.name, "cross_entropy | focal (of each sample) | focal_batch (of the batch's mean, as face.evoLVe)",
         one_of({"cross_entropy", "focal", "focal_batch"}));
  fields("weight", c.weight, "in the sum of losses; 0: metric losses alone", between(0, 1e6));
  fields("gamma", c.gamma, "focal: how little easy samples count", between(0, 100));
  fields("label_smoothing", c.label_smoothing, "share of the probability spread over the other classes",
         between(0, 0.99));
}

struct MetricLossConfig {
  std::string name = "triplet";
  double weight = 1.0;
  double margin = 0.3;
  bool soft_margin = false;
  bool normalize = false;
  double temperature = 0.1;
  double center_lr = 0.5;
};

inline void describe(Fields& fields, MetricLossConfig& c) {
  fields("name", c.name, "triplet (batch-hard) | triplet_semi_hard | center | supcon",
         one_of({"triplet", "triplet_semi_hard", "center", "supcon"}));
  fields("weight", c.weight, "in the sum of losses", between(0, 1e6));
  fields("margin", c.margin, "triplet, triplet_semi_hard: by which other people are to be farther away",
         between(0, 1e6));
  fields("soft_margin", c.soft_margin, "triplet: log(1 + exp(d_ap − d_an)) in place of the margin");
  fields("normalize", c.normalize, "triplet, triplet_semi_hard, center: embeddings of unit length; supcon always");
  fields("temperature", c.temperature, "supcon", between(1e-3, 1e3));
  fields("center_lr", c.center_lr, "center: share of the way to the batch's mean that a centre goes in a step",
         between(0, 1));
}

struct LossConfig {
  ClassificationLossConfig classification;
  std::vector<MetricLossConfig> metric;
};

inline void describe(Fields& fields, LossConfig& c) {
  fields.section("classification", c.classification, "loss on the head's logits");
  fields.list("metric", c.metric, "further losses, on the embeddings");
}

}  // namespace facerec
