// A ModelSpec as the metadata of a model file; weights.h lists the keys.
#pragma once

#include "facerec/io/tensor_file.h"
#include "facerec/model/spec.h"

namespace facerec {

Metadata metadata_of(const ModelSpec& spec);

// Reads it back. Throws an Error naming `path` and what is absent or makes no sense; known_spec_in() also when facerec
// has no such architecture or sizes.
ModelSpec spec_in(const Metadata& metadata, const fs::path& path);
ModelSpec known_spec_in(const Metadata& metadata, const fs::path& path);

// "0.5,0.5,0.5": the shortest digits that read back as the same numbers.
std::string triple_text(const std::array<float, 3>& values);

// "112x112 rgb 0.5,0.5,0.5 0.5,0.5,0.5": one text for equal preprocessing, for identities and messages.
std::string preprocess_text(const Preprocess& preprocess);

}  // namespace facerec
