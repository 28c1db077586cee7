// A ModelSpec as the metadata of a model file; weights.h lists the keys.
#pragma once

#include "facerec/io/safetensors.h"
#include "facerec/model/spec.h"

namespace facerec {

Metadata metadata_of(const ModelSpec& spec);

// "112x112 rgb 0.5,0.5,0.5 0.5,0.5,0.5": one text for equal preprocessing, for identities and messages.
std::string preprocess_text(const Preprocess& preprocess);

}  // namespace facerec
