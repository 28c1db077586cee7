#include "facerec/model/recognise.h"

#include <algorithm>
#include <set>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/model/preprocess.h"
#include "facerec/model/weights.h"
#include "model/bytes.h"
#include "model/keras_names.h"
#include "model/metadata.h"
#include "model/networks.h"
#include "model/publications.h"
#include "model/registry.h"

namespace facerec {
namespace {

using TensorMap = std::map<std::string, TensorView>;

// One dictionary of the file under one of the prefixes that its keys may bear.
struct View {
  const TensorGroup* group;
  std::string prefix;
  TensorMap tensors;                  // without the prefix
  std::vector<std::string> left_out;  // with other prefixes
};

View view_of(const TensorGroup& group, const std::string& prefix) {
  View view{&group, prefix, {}, {}};
  for (const auto& [name, tensor] : group.tensors) {
    if (name.starts_with(prefix)) {
      view.tensors.insert_or_assign(name.substr(prefix.size()), tensor);
    } else {
      view.left_out.push_back(name);
    }
  }
  return view;
}

// Heads stand beside the backbone in some files, without a prefix to tell them apart. "logits." is facenet-pytorch's.
bool belongs_to_head(const std::string& name) {
  return name.starts_with("head.") || name.starts_with("margin.") || name.starts_with("loss.") ||
         name.starts_with("logits.");
}

// The files of PyTorch before 0.4.1 do not count batches, and nothing that is computed depends on it.
bool may_be_absent(const std::string& name) { return name.ends_with("num_batches_tracked"); }

NetworkDifference difference(const ModelSpec& spec, View& view) {
  NetworkDifference result;
  result.architecture = spec.architecture;
  std::set<std::string> names;
  for (const auto& [name, tensor] : state_dict(*build_backbone({.spec = spec, .device = torch::kMeta}))) {
    names.insert(name);
    const auto found = view.tensors.find(name);
    const bool matters = !may_be_absent(name);
    if (found == view.tensors.end()) {
      if (matters) result.missing.push_back(name);
    } else if (matters && !is_float(found->second.dtype)) {
      result.reshaped.push_back(name + " of type " + found->second.dtype + ", expected F32");
    } else if (matters && tensor.sizes() != torch::IntArrayRef(found->second.shape)) {
      result.reshaped.push_back(name + " " + shape_text(found->second.shape) + ", expected " +
                                shape_text(tensor.sizes()));
    } else {
      ++result.matching;
    }
  }
  for (const auto& [name, tensor] : view.tensors) {
    if (!names.contains(name) && !belongs_to_head(name)) result.unexpected.push_back(name);
  }
  return result;
}

bool is_exact(const NetworkDifference& difference) {
  return difference.missing.empty() && difference.unexpected.empty() && difference.reshaped.empty();
}

// The prefixes under which `mark` occurs in the group: "", "module.", "model.backbone.", …
std::vector<std::string> prefixes_of(const TensorGroup& group, const std::string& mark) {
  std::vector<std::string> prefixes;
  for (const auto& [name, tensor] : group.tensors) {
    if (!name.ends_with(mark)) continue;
    std::string prefix = name.substr(0, name.size() - mark.size());
    if (prefix.empty() || prefix.ends_with('.')) prefixes.push_back(std::move(prefix));
  }
  return prefixes;
}

struct Match {
  ModelSpec spec;
  View view;
};

std::vector<Match> exact_matches(const TensorFile& file, const std::string& architecture) {
  std::vector<Match> matches;
  for (const Network& network : networks()) {
    if (!architecture.empty() && architecture != network.architecture) continue;
    for (const TensorGroup& group : file.groups) {
      for (const std::string& prefix : prefixes_of(group, network.mark)) {
        View view = view_of(group, prefix);
        const ModelSpec spec = sizes_from(network, view.tensors);
        if (is_exact(difference(spec, view))) matches.push_back({spec, std::move(view)});
      }
    }
  }
  return matches;
}

void apply_publication(const ModelOptions& options, const Match& match, Recognition& found) {
  const Publication* publication =
      publication_of(found.spec.architecture, options, match.view.prefix, found.file.path, found.warnings);
  if (publication == nullptr) return;
  found.publisher = publication->title;
  found.terms = publication->terms;
  found.flip = publication->flip;
  found.spec.preprocess = parse_preprocess(publication->preprocess, found.spec.preprocess);
  found.spec.unit_length = publication->unit_length;
}

std::string stated_terms(const Metadata& metadata) {
  for (const char* key : {"license", "licence"}) {
    if (const auto found = metadata.find(key); found != metadata.end()) return found->second;
  }
  return "";
}

// "under 'state_dict', with the prefix 'model.'"
std::string place_of(const View& view) {
  std::string place;
  if (!view.group->path.empty()) place = "under '" + view.group->path + "'";
  if (view.prefix.empty()) return place;
  return place + (place.empty() ? "" : ", ") + "with the prefix '" + view.prefix + "'";
}

Recognition recognition_of(const TensorFile& file, const ModelOptions& options, std::vector<Match>& matches) {
  Match& match = matches.front();
  Recognition found;
  found.file = file;
  found.spec = match.spec;
  found.reason = "all keys and shapes are those of " + match.spec.architecture;
  if (const std::string place = place_of(match.view); !place.empty()) found.reason += ", " + place;
  for (size_t i = 1; i < matches.size(); ++i) {
    if (matches[i].spec.architecture == match.spec.architecture) {
      found.warnings.push_back("the file holds another copy, " + place_of(matches[i].view) + ", which is not used");
      continue;
    }
    found.warnings.push_back("the keys are those of " + matches[i].spec.architecture + " too: --arch " +
                             matches[i].spec.architecture);
  }
  apply_publication(options, match, found);
  found.left_out = std::move(match.view.left_out);
  for (auto& [name, tensor] : match.view.tensors) {
    if (belongs_to_head(name)) found.left_out.push_back(name);
  }
  std::erase_if(match.view.tensors, [](const auto& item) { return belongs_to_head(item.first); });
  found.tensors = std::move(match.view.tensors);
  return found;
}

// The project's own files say what they are.
Recognition own_file(const TensorFile& file, const ModelOptions& options) {
  Recognition found;
  found.file = file;
  found.spec = known_spec_in(file.metadata, file.path);
  check_own(found.spec, options, file.path);
  found.publisher = "facerec";
  found.reason = "its metadata say so";
  found.terms = stated_terms(file.metadata);
  for (const TensorGroup& group : file.groups) {
    for (const auto& [name, tensor] : group.tensors) found.tensors.emplace(name, tensor);
  }
  return found;
}

// Keras has names of its own.
TensorFile with_known_names(const TensorFile& file) {
  TensorFile renamed = file;
  if (file.format != "keras_h5" && file.format != "tensorflow") return renamed;
  if (auto group = as_resnet50_tf2(file)) renamed.groups = {std::move(*group)};
  return renamed;
}

// --- what it resembles ---

// What stands before most names, of the words that wrappers put there.
std::string usual_prefix(const TensorGroup& group) {
  std::string prefix;
  for (bool found = true; found;) {
    found = false;
    for (const char* word : {"module.", "model.", "backbone.", "net.", "encoder."}) {
      const auto bearing = std::count_if(group.tensors.begin(), group.tensors.end(), [&](const NamedTensor& tensor) {
        return tensor.name.starts_with(prefix + word);
      });
      if (2 * static_cast<size_t>(bearing) <= group.tensors.size()) continue;
      prefix += word;
      found = true;
    }
  }
  return prefix;
}

std::vector<NetworkDifference> resemblances(const TensorFile& file, const std::string& architecture) {
  constexpr size_t shown = 3;
  std::vector<NetworkDifference> all;
  for (const TensorGroup& group : file.groups) {
    constexpr size_t fewest = 9;  // a tenth of ir_tiny, the smallest; optimizers have hundreds of dictionaries
    if (group.tensors.size() < fewest) continue;
    View view = view_of(group, usual_prefix(group));
    for (const Network& network : networks()) {
      if (!architecture.empty() && architecture != network.architecture) continue;
      NetworkDifference each = difference(sizes_from(network, view.tensors), view);
      const size_t expected = each.matching + each.missing.size() + each.reshaped.size();
      if (10 * each.matching >= expected && 10 * each.matching >= view.tensors.size()) all.push_back(std::move(each));
    }
  }
  auto distance = [](const NetworkDifference& each) {
    return each.missing.size() + each.unexpected.size() + each.reshaped.size();
  };
  std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
  if (all.size() > shown) all.resize(shown);
  return all;
}

void add_list(std::string& text, const char* what, const std::vector<std::string>& names) {
  constexpr size_t shown = 3;
  if (names.empty()) return;
  text += "; " + std::to_string(names.size()) + " " + what + ": ";
  text += join(std::span(names).first(std::min(shown, names.size())));
  if (names.size() > shown) text += ", …";
}

// "ir_50: 340 tensors match; 9 missing: body.0.…, …"
std::string difference_text(const NetworkDifference& difference) {
  std::string text = difference.architecture + ": " + std::to_string(difference.matching) + " tensors match";
  add_list(text, "missing", difference.missing);
  add_list(text, "unexpected", difference.unexpected);
  add_list(text, "of another shape", difference.reshaped);
  return text;
}

}  // namespace

Finding examine(const TensorFile& opened, const ModelOptions& options) {
  if (!options.architecture.empty()) published_preprocess(options.architecture);  // throws when there is none
  const TensorFile file = with_known_names(opened);
  Finding finding;
  const auto format = file.metadata.find("format");
  if (format != file.metadata.end() && format->second == "facerec") {
    finding.model = own_file(file, options);
  } else if (std::vector<Match> matches = exact_matches(file, options.architecture); !matches.empty()) {
    finding.model = recognition_of(file, options, matches);
  } else {
    finding.nearest = resemblances(file, options.architecture);
  }
  if (finding.model && !options.preprocess.empty()) {
    Preprocess& preprocess = finding.model->spec.preprocess;
    preprocess = parse_preprocess(options.preprocess, preprocess);
  }
  return finding;
}

Recognition recognise(const TensorFile& file, const ModelOptions& options) {
  Finding finding = examine(file, options);
  if (finding.model) return std::move(*finding.model);
  if (file.format == "keras_h5" || file.format == "tensorflow") {
    throw Error("holds no network of Keras that facerec knows; it reads arcface-tf2's ResNet50 as Keras 2 saves it")
        .file(text_of(file.path))
        .hint("in Python, export the model to ONNX: `tf2onnx.convert.from_keras(model, output_path=\"model.onnx\")`");
  }
  std::string what = "holds no recognition network that facerec knows";
  for (const NetworkDifference& each : finding.nearest) what += "\n  " + difference_text(each);
  throw Error(what)
      .file(text_of(file.path))
      .hint("facerec info shows what is in the file; --arch NAME compares with one architecture");
}

}  // namespace facerec
