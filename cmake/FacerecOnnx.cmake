# onnx::proto, the messages of ONNX files, and onnx::onnx, which can also check them. The distribution's ONNXConfig.cmake is
# passed by: its targets lack protobuf.
find_path(ONNX_INCLUDE_DIR onnx/onnx_pb.h REQUIRED)
find_library(PROTOBUF_LIBRARY protobuf REQUIRED)
foreach(name onnx_proto onnx)
  find_library(${name}_LIBRARY ${name} REQUIRED)
endforeach()

add_library(onnx::proto UNKNOWN IMPORTED GLOBAL)
set_target_properties(onnx::proto PROPERTIES
  IMPORTED_LOCATION "${onnx_proto_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${ONNX_INCLUDE_DIR}"
  INTERFACE_COMPILE_DEFINITIONS "ONNX_NAMESPACE=onnx;ONNX_ML=1"
  INTERFACE_LINK_LIBRARIES "${PROTOBUF_LIBRARY};Threads::Threads")

add_library(onnx::onnx UNKNOWN IMPORTED GLOBAL)
set_target_properties(onnx::onnx PROPERTIES
  IMPORTED_LOCATION "${onnx_LIBRARY}" INTERFACE_LINK_LIBRARIES onnx::proto)
