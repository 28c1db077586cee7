// The heads that head.cpp lists.
#pragma once

#include <memory>

#include "facerec/model/head.h"

namespace facerec {

struct HeadShape {
  HeadClasses classes;
  int64_t embedding_size;
};

std::shared_ptr<Head> build_softmax(const HeadConfig& config, HeadShape shape);
std::shared_ptr<Head> build_sphereface(const HeadConfig& config, HeadShape shape);
std::shared_ptr<Head> build_cosface(const HeadConfig& config, HeadShape shape);
std::shared_ptr<Head> build_arcface(const HeadConfig& config, HeadShape shape);
std::shared_ptr<Head> build_arcface_torch(const HeadConfig& config, HeadShape shape);
std::shared_ptr<Head> build_combined(const HeadConfig& config, HeadShape shape);
std::shared_ptr<Head> build_subcenter_arcface(const HeadConfig& config, HeadShape shape);
std::shared_ptr<Head> build_adaface(const HeadConfig& config, HeadShape shape);
std::shared_ptr<Head> build_magface(const HeadConfig& config, HeadShape shape);
std::shared_ptr<Head> build_curricularface(const HeadConfig& config, HeadShape shape);

}  // namespace facerec
