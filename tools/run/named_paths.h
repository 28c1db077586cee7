// What a configuration names in short, found.
#pragma once

#include <string>

#include "facerec/core/files.h"
#include "facerec/train/config.h"

namespace facerec {

// A root laid out as face.evoLVe's names both: its training folder and its benchmarks.
void take_published_layout(TrainConfig& config);

// The file of the model that a key of the configuration names: find_model() below `runs`. `key`: for errors; "": an
// argument of the command line named it.
fs::path find_model_of(const char* key, const std::string& model, const std::string& runs);

// distill.teacher, when there is one, becomes the file of its model.
void find_teacher(TrainConfig& config);

}  // namespace facerec
