#include <algorithm>

#include "facerec/core/error.h"
#include "facerec/model/backbone.h"
#include "facerec/model/onnx.h"
#include "facerec/model/preprocess.h"
#include "facerec/model/recognise.h"
#include "facerec/model/weights.h"
#include "model/networks.h"
#include "model/publications.h"
#include "model/registry.h"

namespace facerec {
namespace {

using Shapes = std::vector<std::vector<int64_t>>;

// The filters and matrices that exporters keep whatever else they fold or rename; a matrix may lie transposed.
void add_weight(std::vector<int64_t> shape, Shapes& shapes) {
  if (shape.size() != 2 && shape.size() != 4) return;
  if (shape.size() == 2) std::sort(shape.begin(), shape.end());
  shapes.push_back(std::move(shape));
}

Shapes weights_of(const OnnxFile& file) {
  Shapes shapes;
  for (const auto& [name, view] : file.initializers) {
    if (view.dtype == "F32" || view.dtype == "F16") add_weight(view.shape, shapes);
  }
  std::sort(shapes.begin(), shapes.end());
  return shapes;
}

Shapes weights_of(const ModelSpec& spec) {
  Shapes shapes;
  for (const auto& [name, tensor] : state_dict(*build_backbone({.spec = spec, .device = torch::kMeta}))) {
    add_weight(tensor.sizes().vec(), shapes);
  }
  std::sort(shapes.begin(), shapes.end());
  return shapes;
}

std::vector<std::string> architectures_like(const OnnxFile& file, const ModelSpec& spec, const std::string& wanted) {
  const Shapes shapes = weights_of(file);
  std::vector<std::string> found;
  for (const Network& network : networks()) {
    if (!wanted.empty() && wanted != network.architecture) continue;
    ModelSpec candidate = spec;
    candidate.architecture = network.architecture;
    if (candidate.embedding_size > 0 && weights_of(candidate) == shapes) found.push_back(candidate.architecture);
  }
  return found;
}

bool is_own(const Metadata& metadata) {
  const auto format = metadata.find("format");
  return format != metadata.end() && format->second == "facerec";
}

// The size is the graph's; what it does to pixels itself is not done again.
void apply_publication(const Publication& publication, bool inside, Recognition& found) {
  found.publisher = publication.title;
  found.terms = publication.terms;
  found.flip = publication.flip;
  const Preprocess published = parse_preprocess(publication.preprocess, found.spec.preprocess);
  if (inside) {
    found.spec.preprocess.bgr = published.bgr;
  } else {
    found.spec.preprocess = published;
  }
}

void recognise_by_shapes(const OnnxFile& file, const ModelOptions& options, Recognition& found) {
  const bool inside = found.spec.preprocess.mean == std::array<float, 3>{0, 0, 0};
  const std::vector<std::string> architectures = architectures_like(file, found.spec, options.architecture);
  if (architectures.empty() && (!options.architecture.empty() || !options.publisher.empty())) {
    throw Error::usage("the shapes of its weights are not those of '" +
                       (options.architecture.empty() ? "a network of " + options.publisher : options.architecture) +
                       "'")
        .file(text_of(file.path))
        .hint("--preprocess alone says how its images are prepared");
  }
  if (architectures.empty()) {
    if (!inside && options.preprocess.empty()) {
      found.warnings.push_back("the graph does not tell how images are prepared; InsightFace's way is assumed, " +
                               preprocess_formula(found.spec.preprocess) + ": --preprocess says otherwise");
    }
    return;
  }
  std::string architecture = architectures.front();
  for (const std::string& each : architectures) {
    if (!options.publisher.empty() && publishes(options.publisher, each)) architecture = each;
  }
  found.spec.architecture = architecture;
  found.reason = "the shapes of all its weights are those of " + architecture;
  for (const std::string& other : architectures) {
    if (other == architecture || !options.architecture.empty() || !options.publisher.empty()) continue;
    found.warnings.push_back("the shapes are those of " + other + " too, which is used in the way of " +
                             published_way(other) + ": --arch " + other);
  }
  const Publication* publication = publication_of(architecture, options, "", file.path, found.warnings);
  if (publication != nullptr) apply_publication(*publication, inside, found);
}

}  // namespace

Recognition recognise_onnx(const OnnxFile& file, const ModelOptions& options) {
  const OnnxDescription description = describe_onnx(file);
  Recognition found;
  found.file.path = file.path;
  found.file.format = "onnx";
  found.file.groups = {{"", file.initializers}};
  found.file.metadata = file.metadata;
  found.spec = description.spec;
  found.reason = "it takes images and gives one embedding; preprocessing from " + description.preprocessing_from;
  if (!options.architecture.empty()) published_preprocess(options.architecture);  // throws when there is none
  if (is_own(file.metadata)) {
    check_own(found.spec, options, file.path);
    found.publisher = "facerec";
  } else {
    recognise_by_shapes(file, options, found);
  }
  if (!options.preprocess.empty()) {
    found.spec.preprocess = parse_preprocess(options.preprocess, found.spec.preprocess);
  }
  return found;
}

}  // namespace facerec
