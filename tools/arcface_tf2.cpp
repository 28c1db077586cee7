#include "tools/arcface_tf2.h"

#include <fmt/format.h>

#include <algorithm>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

// save_steps is BITSdrive's.
struct ArcfaceTf2Config {
  int64_t batch_size = 0, input_size = 0, embd_shape = 0, num_classes = 0, num_samples = 0, epochs = 0, save_steps = 0;
  double base_lr = 0, w_decay = 0;
  bool is_ccrop = false, binary_img = false;
  std::string sub_name, backbone_type, head_type, train_dataset, test_dataset;
};

void describe(Fields& fields, ArcfaceTf2Config& c) {
  fields("batch_size", c.batch_size, "");
  fields("input_size", c.input_size, "");
  fields("embd_shape", c.embd_shape, "");
  fields("sub_name", c.sub_name, "");
  fields("backbone_type", c.backbone_type, "", one_of({"ResNet50", "MobileNetV2"}));
  fields("head_type", c.head_type, "", one_of({"ArcHead", "NormHead"}));
  fields("is_ccrop", c.is_ccrop, "");
  fields("train_dataset", c.train_dataset, "");
  fields("binary_img", c.binary_img, "");
  fields("num_classes", c.num_classes, "", at_least(1));
  fields("num_samples", c.num_samples, "", at_least(1));
  fields("epochs", c.epochs, "");
  fields("base_lr", c.base_lr, "");
  fields("w_decay", c.w_decay, "");
  fields("save_steps", c.save_steps, "");
  fields("test_dataset", c.test_dataset, "");
}

struct Renamed {
  const char *theirs, *ours, *remark;
};

// The gradient of Keras' l2(w) is 2·w times the weight.
constexpr Renamed renamed[] = {
    {"batch_size", "train.batch_size", "there of each GPU"},
    {"embd_shape", "model.embedding_size", ""},
    {"sub_name", "run.name", ""},
    {"train_dataset", "data.train.0.path", ""},
    {"epochs", "train.epochs", ""},
    {"base_lr", "optimizer.lr", ""},
    {"w_decay", "optimizer.weight_decay",
     "there an L2 term on the last dense layer alone, of twice the gradient; here of all weights but norms and biases"},
    {"save_steps", "checkpoint.every_steps", ""},
};

struct Fixed {
  const char *ours, *value;
};

// modules/models.py, modules/dataset.py and train.py. Its random brightness of 0.4 is on a scale of 0 to 255.
constexpr Fixed in_its_code[] = {
    {"model.dropout", "0.5"},
    {"optimizer.momentum", "0.9"},
    {"optimizer.nesterov", "true"},
    {"schedule.name", "constant"},
    {"train.clip_norm", "0"},
    {"data.augment.crop", "{probability: 1, resize: 128}"},
    {"data.augment.flip", "0.5"},
    {"data.augment.color", "{probability: 1, brightness: 0, contrast: 0, saturation: 0.4}"},
};

class Translator {
 public:
  explicit Translator(const Node& theirs) : theirs_(theirs) {
    read_config(theirs, values_);
    result_.config.kind = Node::Kind::map;
    result_.config.origin = theirs.origin;
  }

  Translation translate() {
    for (const auto& [key, path, remark] : renamed) {
      if (const Node* given = theirs_.find(key)) put(key, path, *given, remark);
    }
    translate_network();
    translate_data();
    for (const auto& [path, value] : in_its_code) {
      set_value(result_.config, path, parse_yaml(value, theirs_.origin));
      result_.lines.push_back(fmt::format("in its code → {}: {}", path, value));
    }
    result_.lines.emplace_back(
        "its backbone starts from ImageNet's weights, this one from random ones, unless finetune --from names others");
    return std::move(result_);
  }

 private:
  void translate_network() {
    const Node* backbone = theirs_.find("backbone_type");
    if (backbone == nullptr) throw Error::usage("arcface-tf2's backbone_type is missing").file(theirs_.origin.file);
    if (values_.backbone_type != "ResNet50") {
      throw Error::usage(fmt::format("line {}: there is no {} of Keras here", backbone->origin.line, backbone->scalar))
          .file(backbone->origin.file)
          .hint("ResNet50 is translated; a configuration of facerec's own may name mobilefacenet, mbf and others");
    }
    put("backbone_type", "model.name", "resnet50_tf2");
    put("input_size", "model.input", fmt::format("[{0}, {0}]", values_.input_size));
    put("head_type", "head.name", values_.head_type == "NormHead" ? "softmax" : "arcface");
  }

  void translate_data() {
    if (theirs_.find("num_classes") != nullptr) result_.expected.identities = values_.num_classes;
    if (theirs_.find("num_samples") != nullptr) result_.expected.images = values_.num_samples;
    for (const char* key : {"num_classes", "num_samples"}) tell(key, "counted in the data; a difference is told");
    tell("binary_img", "seen in the records");
    tell("is_ccrop", "of evaluations alone: eval --resize-crop 128");
    if (fs::is_directory(values_.test_dataset)) {
      put("test_dataset", "validation.data.0.path", *theirs_.find("test_dataset"));
    } else {
      tell("test_dataset", "is no folder: no validation");
    }
  }

  void put(const char* key, const char* path, const Node& value, const char* remark = "") {
    set_value(result_.config, path, value);
    tell(key, fmt::format("→ {}{}{}", path, *remark == '\0' ? "" : "; ", remark));
  }

  // A value that is not theirs, where the key is given.
  void put(const char* key, const char* path, const std::string& value) {
    const Node* given = theirs_.find(key);
    if (given == nullptr) return;
    set_value(result_.config, path, parse_yaml(value, given->origin));
    tell(key, fmt::format("→ {}: {}", path, value));
  }

  void tell(const char* key, const std::string& what) {
    if (const Node* given = theirs_.find(key))
      result_.lines.push_back(fmt::format("{}: {} {}", key, printable(given->scalar), what));
  }

  const Node& theirs_;
  ArcfaceTf2Config values_;
  Translation result_;
};

}  // namespace

bool is_arcface_tf2(const Node& root) {
  const auto ours = config_json(TrainConfig());
  const bool is_ours =
      std::any_of(root.keys.begin(), root.keys.end(), [&](const auto& key) { return ours.contains(key); });
  return !is_ours && (root.find("backbone_type") != nullptr || root.find("head_type") != nullptr ||
                      root.find("train_dataset") != nullptr);
}

Translation translate_arcface_tf2(const Node& root) { return Translator(root).translate(); }

}  // namespace facerec
