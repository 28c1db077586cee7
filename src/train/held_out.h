// Validation of the tasks that are no evaluation of embeddings: on images kept back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "train/objective.h"

namespace facerec {

// What validation.data names; none for task identity. known: the attributes of training. Throws a usage Error for
// images with values that training does not know.
std::vector<HeldOutSet> open_held_out_sets(const TrainConfig& config, const std::vector<Attribute>& known);

// Of all sets; names are "set/figure" where there are several.
std::vector<ValidationScore> validate(Objective& objective, const std::vector<HeldOutSet>& sets);

}  // namespace facerec
