// Celebrities in Frontal-Profile as its authors publish it (Sengupta et al., 2016): Data/Images/001/frontal/01.jpg …,
// Protocol/Pair_list_F.txt and Pair_list_P.txt (`number path`, relative to Protocol/), and in
// Protocol/Split/{FF,FP}/01 … 10 the files same.txt and diff.txt (`i,j`: i of the frontal list; j of the frontal one in
// FF, of the profile one in FP).
#pragma once

#include <vector>

#include "facerec/data/pairs.h"

namespace facerec {

bool is_cfp(const fs::path& folder);

// Both protocols, <name>_ff and <name>_fp, with the ten folds of the files. Throws a usage Error naming file and line
// for another form or an absent image (unless skip_missing).
std::vector<PairSet> open_cfp(const fs::path& folder, const std::string& name, bool skip_missing);

}  // namespace facerec
