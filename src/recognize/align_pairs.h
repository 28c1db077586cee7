// The pairs of an evaluation set, once its images are aligned.
#pragma once

#include <functional>

#include "recognize/align_source.h"
#include "recognize/crop_names.h"

namespace facerec {

using HasCrop = std::function<bool(int64_t image)>;

// The pairs whose images both have a crop; the others are counted in `missing`.
PairSet pairs_with_crops(const PairSet& pairs, const HasCrop& has_crop);

// What write_pairs() writes: pairs.txt, or the folder Protocol.
const char* pairs_file(const AlignSource& source);

// Writes into the folder `crops` what makes it an evaluation set: a copy of an LFW list, whose names fit the crops,
// unless it names pairs without; of CFP's Protocol with the extensions of the crops; else pairs.txt in flat form.
void write_pairs(const AlignSource& source, const HasCrop& has_crop, const CropNames& names, const fs::path& crops);

}  // namespace facerec
