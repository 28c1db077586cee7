// Going on from what a training with face.evoLVe, or one of its followers, left: head and momentum.
#pragma once

#include "facerec/core/files.h"
#include "facerec/model/head.h"
#include "train/learner.h"

namespace facerec {

// Fills the backbone from a model file of its architecture and says in the log what was and what was not loaded: a
// tensor of another shape, as the last layer has for another embedding size, keeps its first values. Throws a usage
// Error when the file holds another architecture.
void take_up_backbone(const fs::path& path, const Backbone& backbone);

// Fills the head from a Head_….pth: `weight` [classes, E], or `kernel` [E, classes] as InsightFace_Pytorch and AdaFace
// keep it. False, and nothing is changed, when it is of other classes or another size.
bool take_up_head(const fs::path& path, const Head& head);

// Fills SGD's momentum from an Optimizer_….pth. There the parameters are numbered, as evolve_groups() has them. False,
// and nothing is changed, when numbers or shapes are others.
bool take_up_momentum(const fs::path& path, const Learner& learner);

}  // namespace facerec
