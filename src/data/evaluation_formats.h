// The formats in which evaluation sets are published: each says what is its own, opens it, and writes it. Images 2k and
// 2k+1 are pair k, in file order; equal images stay apart; all pairs are of fold 0. Throw Error naming the file, and
// where there is one the offset. What is wrong with a single image comes when it is read.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "facerec/data/pairs.h"

namespace facerec {

// InsightFace's .bin: a pickle of encoded images and flags. The images keep their bytes and sizes.
bool is_verification_pack(const fs::path& path);
PairSet open_verification_pack(const fs::path& path, const std::string& name);

// face.evoLVe's bcolz folder with `folder`_list.npy beside it: float32 [2N,3,112,112], BGR, (x/255 − 0.5)/0.5. The
// images are pixels.
bool is_bcolz(const fs::path& folder);
PairSet open_bcolz(const fs::path& folder, const std::string& name);

using PairsWritten =
    std::function<void(int64_t done)>;  // called with a growing number of pairs, from one thread at a time

// The images' own bytes, or, of sets that hold pixels, PNG. The file is whole or absent.
void write_verification_pack(const fs::path& file, const PairSet& set, const PairsWritten& progress = {});

// Throws Error for an image that is not of 112×112 pixels. The folder is whole or absent, and so is the list.
void write_bcolz(const fs::path& folder, const PairSet& set, int threads, const PairsWritten& progress = {});

// What the formats have in common: images 2k and 2k+1 are pair k.
PairSet pairs_in_order(const std::string& name, std::shared_ptr<Dataset> images, const std::vector<bool>& same);

}  // namespace facerec
