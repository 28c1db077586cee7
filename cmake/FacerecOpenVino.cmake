# openvino::runtime, from the wheel that scripts/setup unpacks or another OpenVINO. libopenvino opens its ONNX front end and
# its CPU plugin when they are needed; it finds them beside itself.
set(FACEREC_OPENVINO_ROOT "${PROJECT_SOURCE_DIR}/.deps/wheels/openvino" CACHE PATH
  "OpenVINO: the folder of its wheel, or one that find_package takes")
find_package(OpenVINO CONFIG QUIET COMPONENTS Runtime HINTS "${FACEREC_OPENVINO_ROOT}/cmake" "${FACEREC_OPENVINO_ROOT}")
if(NOT OpenVINO_FOUND)
  message(FATAL_ERROR "No OpenVINO in ${FACEREC_OPENVINO_ROOT}.\n"
                      "Run scripts/setup, or give -DFACEREC_OPENVINO_ROOT=DIR.")
endif()
message(STATUS "OpenVINO ${OpenVINO_VERSION} in ${OpenVINO_DIR}")
# What it defines is the compiler's default or concerns OpenVINO's own sources; the precompiled header is built without.
remove_definitions(-D_GLIBCXX_USE_CXX11_ABI=1)
set_target_properties(openvino::runtime PROPERTIES INTERFACE_COMPILE_DEFINITIONS "")
