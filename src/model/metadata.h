// A ModelSpec as the metadata of a model file; weights.h lists the keys.
#pragma once

#include "facerec/io/safetensors.h"
#include "facerec/model/spec.h"

namespace facerec {

Metadata metadata_of(const ModelSpec& spec);

// The way back. Throws an Error naming `path` where a key is absent or makes no sense; whether facerec has such an
// architecture is not asked.
ModelSpec spec_in(const Metadata& metadata, const fs::path& path);

// "112x112 rgb 0.5,0.5,0.5 0.5,0.5,0.5": one text for equal preprocessing, for identities and messages.
std::string preprocess_text(const Preprocess& preprocess);

}  // namespace facerec
