# facerec_protobuf(TARGET FILE.proto): compiles the messages into the target; `#include "FILE.pb.h"`. The full library even
# for messages of the lite runtime: libonnx brings it, and the two cannot live in one process.
find_program(PROTOC protoc REQUIRED)
find_path(PROTOBUF_INCLUDE_DIR google/protobuf/message_lite.h REQUIRED)
find_library(PROTOBUF_LIBRARY protobuf REQUIRED)

function(facerec_protobuf target file)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/proto")
  file(MAKE_DIRECTORY "${folder}")
  get_filename_component(name "${file}" NAME_WE)
  set(source "${folder}/${name}.pb.cc")
  add_custom_command(OUTPUT "${source}" "${folder}/${name}.pb.h"
    COMMAND "${PROTOC}" --proto_path=${CMAKE_CURRENT_SOURCE_DIR} --cpp_out=${folder} ${file}
    DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${file}" VERBATIM)
  set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS -w)
  target_sources(${target} PRIVATE "${source}")
  target_include_directories(${target} SYSTEM PRIVATE "${folder}" "${PROTOBUF_INCLUDE_DIR}")
  target_link_libraries(${target} PRIVATE "${PROTOBUF_LIBRARY}" Threads::Threads)
endfunction()
