// What an evaluation is of.
#pragma once

#include <string>

#include "tools/run/evaluation.h"

namespace facerec {

// The same for sets of the same images that are compared the same way; "": the images are not known.
std::string data_identity(const EvaluationSet& set);

}  // namespace facerec
