#include "train/evolve_order.h"

#include <set>

namespace facerec {
namespace {

// Whether face.evoLVe counts a parameter among BatchNorm's (util/utils.py): for IR networks by the kind of its layer,
// for others by "bn" in its name, which leaves out that of a shortcut ("downsample.1").
bool is_norm(const std::string& name, const std::string& architecture, const std::set<std::string>& norms) {
  if (!architecture.starts_with("ir_")) return name.find("bn") != std::string::npos;
  return norms.contains(name.substr(0, name.rfind('.')));
}

}  // namespace

std::vector<std::string> EvolveGroups::in_order() const {
  std::vector<std::string> all = decayed;
  all.insert(all.end(), norms.begin(), norms.end());
  return all;
}

EvolveGroups evolve_groups(const Backbone& backbone, const std::vector<std::string>& head_parameters) {
  std::set<std::string> norms;
  for (const auto& buffer : backbone.named_buffers()) {
    const std::string& name = buffer.key();
    if (name.ends_with("running_mean")) norms.insert(name.substr(0, name.rfind('.')));
  }
  EvolveGroups groups;
  for (const auto& parameter : backbone.named_parameters()) {
    const bool norm = is_norm(parameter.key(), backbone.spec().architecture, norms);
    (norm ? groups.norms : groups.decayed).push_back("backbone." + parameter.key());
  }
  for (const std::string& name : head_parameters) groups.decayed.push_back("head." + name);
  return groups;
}

}  // namespace facerec
