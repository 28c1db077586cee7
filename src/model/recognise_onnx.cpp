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
  if (architectures.empty()) {
    if (!inside && options.preprocess.empty()) {
      found.warnings.push_back("the graph does not tell how images are prepared; InsightFace's way is assumed, " +
                               preprocess_formula(found.spec.preprocess) + ": --preprocess says otherwise");
    }
    return;
  }
  found.spec.architecture = architectures.front();
  found.reason = "the shapes of all its weights are those of " + architectures.front();
  for (size_t i = 1; i < architectures.size(); ++i) found.reason += " (and of " + architectures[i] + ")";
  const Publication* publication = publication_of(found.spec.architecture, options, "", file.path, found.warnings);
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
  if (is_own(file.metadata)) {
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
