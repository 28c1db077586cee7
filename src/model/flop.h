// Arithmetic of a network, from the shapes of its layers.
#pragma once

#include "facerec/model/backbone.h"

namespace facerec {

// Of one image's forward pass in evaluation mode: two operations for each multiplication of convolutions, linear layers
// and matrix products; what goes element by element is left out, as in the published figures.
double forward_flop(Backbone& backbone);

}  // namespace facerec
