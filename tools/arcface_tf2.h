// Configuration files of arcface-tf2 (peteryuX), and of BITSdrive's copy of it, in our terms.
#pragma once

#include <string>
#include <vector>

#include "facerec/config/node.h"
#include "tools/verbs.h"

namespace facerec {

// Whether a configuration has the keys of arcface-tf2 and no section of ours.
bool is_arcface_tf2(const Node& root);

struct Translation {
  Node config;                     // a tree for read_config(); values keep their lines in the original
  std::vector<std::string> lines;  // what became of each key: "base_lr: 0.01 → optimizer.lr"
  ExpectedData expected;
};

// Beside the keys, what arcface-tf2 has in its code: augmentation, margin, momentum. Throws a usage Error with the line
// of an unknown key, a value of another type, or a backbone that there is not here.
Translation translate_arcface_tf2(const Node& root);

}  // namespace facerec
