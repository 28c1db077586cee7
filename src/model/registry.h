// Building by specification rather than by configuration: what a model file needs.
#pragma once

#include "model/backbones.h"

namespace facerec {

// Throws a usage Error for an unknown architecture or a size out of bounds.
void check_spec(const ModelSpec& spec);

// Conv and Linear weights are undetermined: a file fills them. REQUIRES: check_spec() passed.
std::shared_ptr<Backbone> build_backbone(const NetworkOptions& options);

}  // namespace facerec
