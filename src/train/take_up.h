// Going on from what a training with face.evoLVe, or one of its followers, left: head and momentum.
#pragma once

#include "facerec/core/files.h"
#include "train/learner.h"

namespace facerec {

// Fills the head from a Head_….pth: `weight` [classes, E], or `kernel` [E, classes] as InsightFace_Pytorch and AdaFace
// keep it. False, and nothing is changed, when it is of other classes or another size.
bool take_up_head(const fs::path& path, const Head& head);

// Fills SGD's momentum from an Optimizer_….pth. There the parameters are numbered: those of the backbone without
// BatchNorm, the head's, then BatchNorm's. False, and nothing is changed, when numbers or shapes are others.
bool take_up_momentum(const fs::path& path, const Learner& learner);

}  // namespace facerec
