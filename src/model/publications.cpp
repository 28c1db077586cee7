#include "model/publications.h"

#include <algorithm>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

constexpr const char* insightface_terms =
    "code MIT; the published weights are for non-commercial research only (insightface's README)";

// Where several publish the same keys and the file does not tell, the first is taken, with a warning.
const Publication publication_table[] = {
    {.name = "facevolve",
     .title = "face.evoLVe",
     .architectures = {"ir_50", "ir_101", "ir_152", "ir_se_50", "ir_se_101", "ir_se_152", "resnet50", "mobilefacenet"},
     .preprocess = "rgb",
     .unit_length = false,
     .terms = "code MIT; the terms of the training data apply to weights",
     .files = {"backbone_"}},
    {.name = "insightface_pytorch",
     .title = "InsightFace_Pytorch",
     .architectures = {"ir_50", "ir_101", "ir_152", "ir_se_50", "ir_se_101", "ir_se_152", "mobilefacenet"},
     .preprocess = "bgr",
     .unit_length = true,
     .terms = "code MIT; the terms of the training data apply to weights",
     .files = {"accuracy", "model_ir_se50", "model_mobilefacenet"}},
    {.name = "mobilefacenet_tutorial",
     .title = "MobileFaceNet_Tutorial_Pytorch",
     .architectures = {"mobilefacenet"},
     .preprocess = "bgr",
     .unit_length = true,
     .terms = ""},
    {.name = "facex_zoo",
     .title = "FaceX-Zoo",
     .architectures = {"ir_50", "ir_101", "ir_152", "ir_se_50", "ir_se_101", "ir_se_152", "mobilefacenet",
                       "efficientnet_b0_facex", "efficientnet_b0_facex_same"},
     .preprocess = "bgr128",
     .unit_length = false,
     .terms = "Apache-2.0; the terms of the training data apply to weights",
     .flip = "no_flip",
     .prefix = "backbone."},
    {.name = "adaface",
     .title = "AdaFace",
     .architectures = {"adaface_ir_18", "adaface_ir_34", "adaface_ir_50", "adaface_ir_101", "adaface_ir_se_50"},
     .preprocess = "bgr",
     .unit_length = false,
     .terms = "",
     .prefix = "model."},
    {.name = "cvlface",
     .title = "CVLface",
     .architectures = {"adaface_ir_18", "adaface_ir_34", "adaface_ir_50", "adaface_ir_101", "adaface_ir_se_50"},
     .preprocess = "rgb",
     .unit_length = false,
     .terms = "weights MIT; the terms of the training data apply",
     .prefix = "net."},
    {.name = "tface",
     .title = "TFace",
     .architectures = {"adaface_ir_18", "adaface_ir_34", "adaface_ir_50", "adaface_ir_101", "adaface_ir_se_50"},
     .preprocess = "rgb",
     .unit_length = false,
     .terms = "",
     .files = {"backbone_"}},
    {.name = "arcface_torch",
     .title = "arcface_torch",
     .architectures = {"iresnet18", "iresnet34", "iresnet50", "iresnet100", "iresnet200", "mbf", "mbf_large", "vit_t",
                       "vit_t_dp005_mask0", "vit_s", "vit_s_dp005_mask_0", "vit_b", "vit_b_dp005_mask_005",
                       "vit_l_dp005_mask_005"},
     .preprocess = "rgb",
     .unit_length = false,
     .terms = insightface_terms},
    {.name = "foamliu",
     .title = "foamliu/MobileFaceNet",
     .architectures = {"mobilefacenet_foamliu"},
     .preprocess = "imagenet",
     .unit_length = false,
     .terms = "Apache-2.0"},
    {.name = "xiaoccer",
     .title = "Xiaoccer/MobileFaceNet_Pytorch",
     .architectures = {"mobilefacenet_xiaoccer"},
     .preprocess = "rgb128",
     .unit_length = false,
     .terms = "",
     .flip = "flip_concat"},
    {.name = "efficientnet_pytorch",
     .title = "EfficientNet-PyTorch",
     .architectures = {"efficientnet_b0"},
     .preprocess = "imagenet",
     .unit_length = false,
     .terms = "Apache-2.0"},
    {.name = "facenet_pytorch",
     .title = "facenet-pytorch",
     .architectures = {"inception_resnet_v1"},
     .preprocess = "rgb128",
     .unit_length = true,
     .terms = "code MIT; the terms of the training data apply to weights",
     .flip = "no_flip"},
    {.name = "arcface_tf2",
     .title = "arcface-tf2",
     .architectures = {"resnet50_tf2"},
     .preprocess = "unit",
     .unit_length = false,
     .terms = ""},
};

std::vector<const Publication*> publications_of(const std::string& architecture) {
  std::vector<const Publication*> found;
  for (const Publication& publication : publication_table) {
    if (std::any_of(publication.architectures.begin(), publication.architectures.end(),
                    [&](const char* name) { return architecture == name; })) {
      found.push_back(&publication);
    }
  }
  return found;
}

// DataParallel puts "module." before the names of all publishers.
std::string own_prefix(const std::string& prefix) {
  return prefix.starts_with("module.") ? prefix.substr(std::string("module.").size()) : prefix;
}

bool shows(const Publication& publication, const std::string& prefix, const fs::path& file) {
  const std::string wanted_prefix = publication.prefix, name = lower(file.filename().string());
  if (!wanted_prefix.empty() && own_prefix(prefix) == wanted_prefix) return true;
  return own_prefix(prefix).empty() &&
         std::any_of(publication.files.begin(), publication.files.end(),
                     [&](const char* part) { return name.find(part) != std::string::npos; });
}

// How its files are used: a wrong guess among those of one way does no harm.
std::string way_of(const Publication& publication) {
  return std::string(publication.preprocess) + (publication.unit_length ? ", unit length" : "");
}

const Publication* named(const std::string& name, const std::vector<const Publication*>& candidates,
                         const std::string& architecture) {
  std::vector<std::string> known;
  for (const Publication* publication : candidates) {
    if (name == publication->name) return publication;
    known.emplace_back(publication->name);
  }
  throw Error::usage("'" + name + "' publishes no " + architecture).hint("known: " + join(known));
}

void warn_of_others(const Publication& chosen, const std::vector<const Publication*>& candidates,
                    std::vector<std::string>& warnings) {
  std::string others;
  for (const Publication* other : candidates) {
    if (way_of(*other) == way_of(chosen)) continue;
    others += (others.empty() ? "" : "; ") + std::string(other->title) + " (" + way_of(*other) + "): --publisher " +
              other->name;
  }
  if (others.empty()) return;
  warnings.push_back("read as a file of " + std::string(chosen.title) + " (" + way_of(chosen) +
                     "); others publish the same network: " + others);
}

}  // namespace

std::span<const Publication> publications() { return publication_table; }

bool publishes(const std::string& publisher, const std::string& architecture) {
  const std::vector<const Publication*> known = publications_of(architecture);
  return std::any_of(known.begin(), known.end(), [&](const Publication* each) { return publisher == each->name; });
}

void check_own(const ModelSpec& spec, const ModelOptions& options, const fs::path& file) {
  if (!options.architecture.empty() && options.architecture != spec.architecture) {
    throw Error::usage("holds the architecture '" + spec.architecture + "', not '" + options.architecture + "'")
        .file(text_of(file));
  }
  if (!options.publisher.empty()) {
    throw Error::usage("was written by facerec: --publisher '" + options.publisher + "' does not apply")
        .file(text_of(file))
        .hint("--preprocess overrules how its images are prepared");
  }
}

std::string published_way(const std::string& architecture) {
  const std::vector<const Publication*> known = publications_of(architecture);
  return known.empty() ? "rgb" : known.front()->preprocess;
}

const Publication* publication_of(const std::string& architecture, const ModelOptions& options,
                                  const std::string& prefix, const fs::path& file, std::vector<std::string>& warnings) {
  const std::vector<const Publication*> candidates = publications_of(architecture);
  if (!options.publisher.empty()) return named(options.publisher, candidates, architecture);
  for (const Publication* publication : candidates) {
    if (shows(*publication, prefix, file)) return publication;
  }
  if (candidates.empty()) return nullptr;
  if (options.preprocess.empty()) warn_of_others(*candidates.front(), candidates, warnings);
  return candidates.front();
}

}  // namespace facerec
