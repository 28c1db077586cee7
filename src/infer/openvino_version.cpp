#include <openvino/openvino.hpp>

#include "facerec/core/error.h"
#include "facerec/infer/engine.h"

namespace facerec {

std::string openvino_version() {
  try {
    return ov::Core().get_versions("CPU").at("CPU").buildNumber;
  } catch (const std::exception& error) {
    throw Error(std::string("OpenVINO's CPU plugin cannot be opened: ") + error.what());
  }
}

}  // namespace facerec
