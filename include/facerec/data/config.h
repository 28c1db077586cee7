// The `data` section of a configuration.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "facerec/config/fields.h"

namespace facerec {

// Who is in an image, told by its path below the folder of the set.
struct LabelConfig {
  std::string by = "folder";
  int64_t level = 0;
  std::string pattern;
};

inline void describe(Fields& fields, LabelConfig& c) {
  fields("by", c.by, "folder: the first folder below the set; kface: K-Face's resolution/identity/session/light/…",
         one_of({"folder", "kface"}));
  fields("level", c.level,
         "the folder that is the identity: 1 the first below the set, -1 the one that holds the image",
         between(-32, 32));
  fields("pattern", c.pattern,
         "regular expression over the path; its group `identity`, else its first, is the identity");
}

struct ColumnsConfig {
  std::string file, identity;
};

inline void describe(Fields& fields, ColumnsConfig& c) {
  fields("file", c.file, "column with the path of the image; default: the first that is called so");
  fields("identity", c.identity, "column with the identity; default: the first that is called so");
}

struct TrainingSetConfig {
  std::string path;
  double weight = 1.0;
  LabelConfig label = {};
  std::map<std::string, std::string> where = {};
  ColumnsConfig columns = {};
};

inline void describe(Fields& fields, TrainingSetConfig& c) {
  fields("path", c.path, "folder of images, list, CSV file, RecordIO or TFRecord");
  fields("weight", c.weight, "how often each image is used in an epoch", above(0));
  fields.section("label", c.label, "how the identity is told", "by");
  fields("where", c.where, "only paths whose named parts match: {light: 'L1|L2'}");
  fields.section("columns", c.columns, "of a CSV file");
}

struct SamplerConfig {
  std::string name = "shuffle";
  int64_t identities = 0, images = 0;
};

inline void describe(Fields& fields, SamplerConfig& c) {
  fields(
      "name", c.name,
      "shuffle: every image once an epoch; balanced: every identity equally often, drawn with replacement; pk: batches "
      "of `identities` × `images`, every identity once an epoch",
      one_of({"shuffle", "balanced", "pk"}));
  fields("identities", c.identities, "pk: P; times images it is train.batch_size", between(0, 1e6));
  fields("images", c.images, "pk: K", between(0, 1e6));
}

// Low resolution in training: SNU_FaceRecognition's LR_train and LR_scale.
struct LowResolutionConfig {
  int64_t scale = 1;
  double probability = 0.0;
  std::string filter = "bicubic_antialias";
};

inline void describe(Fields& fields, LowResolutionConfig& c) {
  fields("scale", c.scale, "the image is reduced to 1/scale of its sides and enlarged again; 1: as it is",
         between(1, 64));
  fields("probability", c.probability, "of an image", between(0, 1));
  fields("filter", c.filter, "bicubic_antialias: Pillow's bicubic, both ways", one_of({"bicubic_antialias"}));
}

// Resized to `resize` pixels of width, the height in the input's proportion, of which a random part as large as the
// input is cut out: 128 for 112 with face.evoLVe, arcface-tf2.
struct CropConfig {
  double probability = 0.0;
  int64_t resize = 128;
};

inline void describe(Fields& fields, CropConfig& c) {
  fields("probability", c.probability, "", between(0, 1));
  fields(
      "resize", c.resize,
      "width that the image is resized to first, the height in proportion; 0: it is not, unless it is smaller than the "
      "input",
      between(0, 4096));
}

struct ResizedCropConfig {
  double probability = 0.0;
  std::vector<double> area = {0.2, 1.0}, ratio = {0.75, 1.3333333333333333};
};

inline void describe(Fields& fields, ResizedCropConfig& c) {
  fields("probability", c.probability, "", between(0, 1));
  fields("area", c.area, "least and largest share of the image that is kept", between(0.01, 1));
  fields("ratio", c.ratio, "least and largest width/height of it", between(0.1, 10));
}

struct RotateConfig {
  double probability = 0.0;
  double degrees = 10;
};

inline void describe(Fields& fields, RotateConfig& c) {
  fields("probability", c.probability, "", between(0, 1));
  fields("degrees", c.degrees, "largest angle, to either side", between(0, 180));
}

// torchvision's ColorJitter: brightness, contrast and saturation by factors of 1 − x … 1 + x, the hue by −x … x turns,
// in random order.
struct ColorConfig {
  double probability = 0.0;
  double brightness = 0.4, contrast = 0.4, saturation = 0.4, hue = 0.0;
};

inline void describe(Fields& fields, ColorConfig& c) {
  fields("probability", c.probability, "", between(0, 1));
  fields("brightness", c.brightness, "largest change of the factor 1", between(0, 1));
  fields("contrast", c.contrast, "largest change of the factor 1", between(0, 1));
  fields("saturation", c.saturation, "largest change of the factor 1", between(0, 1));
  fields("hue", c.hue, "largest turn, of whole turns", between(0, 0.5));
}

struct BlurConfig {
  double probability = 0.0;
  std::vector<double> sigma = {0.1, 2.0};
};

inline void describe(Fields& fields, BlurConfig& c) {
  fields("probability", c.probability, "", between(0, 1));
  fields("sigma", c.sigma, "least and largest, in pixels", between(0.01, 100));
}

struct JpegConfig {
  double probability = 0.0;
  std::vector<int64_t> quality = {30, 90};
};

inline void describe(Fields& fields, JpegConfig& c) {
  fields("probability", c.probability, "", between(0, 1));
  fields("quality", c.quality, "least and largest", between(1, 100));
}

// Reduced by a random scale and enlarged again with a random filter (AdaFace's training).
struct ReduceConfig {
  double probability = 0.0;
  std::vector<double> scale = {0.2, 1.0};
};

inline void describe(Fields& fields, ReduceConfig& c) {
  fields("probability", c.probability, "", between(0, 1));
  fields("scale", c.scale, "least and largest, of the sides", between(0.01, 1));
}

// Random erasing (Zhong et al. 2020); with the ratio 1 and one area it is cut-out.
struct EraseConfig {
  double probability = 0.0;
  std::vector<double> area = {0.02, 0.33}, ratio = {0.3, 3.3};
  std::string fill = "zero";
};

inline void describe(Fields& fields, EraseConfig& c) {
  fields("probability", c.probability, "", between(0, 1));
  fields("area", c.area, "least and largest share of the image", between(0.001, 1));
  fields("ratio", c.ratio, "least and largest width/height", between(0.1, 10));
  fields("fill", c.fill, "zero | noise | mean (of the image)", one_of({"zero", "noise", "mean"}));
}

// Changes are made in this order, low_resolution of `train` between the geometric ones and the flip; each image's are a
// function of the seed, the epoch and the position in it.
struct AugmentConfig {
  CropConfig crop;
  ResizedCropConfig resized_crop;
  RotateConfig rotate;
  double flip = 0.5;
  ColorConfig color;
  double grayscale = 0.0;
  ReduceConfig reduce;
  BlurConfig blur;
  JpegConfig jpeg;
  EraseConfig erase;
};

inline void describe(Fields& fields, AugmentConfig& c) {
  fields.section("crop", c.crop, "resize, then cut out a random part as large as the input", "probability");
  fields.section("resized_crop", c.resized_crop, "cut out a random part, resize it to the input", "probability");
  fields.section("rotate", c.rotate, "turn about the centre, black outside", "probability");
  fields("flip", c.flip, "probability of a horizontal flip", between(0, 1));
  fields.section("color", c.color, "brightness, contrast, saturation, hue", "probability");
  fields("grayscale", c.grayscale, "probability of grey", between(0, 1));
  fields.section("reduce", c.reduce, "low resolution, of random scale", "probability");
  fields.section("blur", c.blur, "Gaussian", "probability");
  fields.section("jpeg", c.jpeg, "compression", "probability");
  fields.section("erase", c.erase, "a box is covered", "probability");
}

inline AugmentConfig no_augmentation() {
  AugmentConfig config;
  config.flip = 0;
  return config;
}

// A property of each image, such as an expression or a camera's angle.
struct AttributeConfig {
  std::string name;
  std::string pattern;
  std::string file, column;
};

inline void describe(Fields& fields, AttributeConfig& c) {
  fields("name", c.name, "in logs and files");
  fields(
      "pattern", c.pattern,
      "regular expression over the image's path; its group `value`, else its first, is the value; no match: missing");
  fields("file", c.file, "CSV file with the images' paths and values; empty: the training set's own");
  fields("column", c.column, "of the CSV file; an empty cell: missing");
}

struct DataConfig {
  std::vector<TrainingSetConfig> train = {{}};
  std::string root;
  std::string label_space = "joined";
  int64_t min_images = 1;
  int64_t workers = 0;
  SamplerConfig sampler;
  AugmentConfig augment;
  std::vector<AttributeConfig> attributes;
};

inline void describe(Fields& fields, DataConfig& c) {
  fields.list("train", c.train, "training sets; `--data PATH` sets the only one");
  fields("root", c.root, "prefix of relative paths, else the working directory; in lists, else the list's folder");
  fields("label_space", c.label_space, "by_name: identities of one name in several sets are one person",
         one_of({"joined", "by_name"}));
  fields("min_images", c.min_images, "leave out identities with fewer images", between(1, 1e9));
  fields("workers", c.workers, "threads that decode images; 0: the cores available", between(0, 1024));
  fields.section("sampler", c.sampler, "which images an epoch uses, in which order", "name");
  fields.section("augment", c.augment, "random changes of the training images");
  fields.list("attributes", c.attributes, "task attributes: what is learnt");
}

// `path`, below `root` when it is relative and a root is given.
inline std::string below_root(const std::string& root, const std::string& path) {
  return root.empty() || path.empty() || path.front() == '/' ? path : root + "/" + path;
}

}  // namespace facerec
