// Networks on LibTorch, on any device.
#pragma once

#include <memory>
#include <string>

#include "facerec/infer/engine.h"
#include "facerec/model/backbone.h"

namespace facerec {

// Over the backbone itself, which is on this device: it is put into evaluation mode for each call and back afterwards.
std::unique_ptr<Engine> torch_engine(std::shared_ptr<Backbone> backbone, torch::Device device,
                                     const std::string& precision, int threads);

}  // namespace facerec
