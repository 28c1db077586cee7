// Which parameter is which in an optimizer of face.evoLVe.
#pragma once

#include <string>
#include <vector>

#include "facerec/model/backbone.h"

namespace facerec {

// face.evoLVe hands torch.optim.SGD two groups: what decays, which are the backbone's parameters without BatchNorm and
// then the head's, and BatchNorm's. Their numbers count through both. Names are those of our optimizer, without the
// kind of state: "backbone.body.0.res_layer.1.weight", "head.weight".
struct EvolveGroups {
  std::vector<std::string> decayed, norms;

  std::vector<std::string> in_order() const;
};

EvolveGroups evolve_groups(const Backbone& backbone, const std::vector<std::string>& head_parameters);

}  // namespace facerec
