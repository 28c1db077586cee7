# facerec::torch: LibTorch's CPU libraries as an imported target. find_package(Torch) wants nvcc for a CUDA wheel and links
# whatever NCCL it finds; this works with any LibTorch >= 2.7.
set(FACEREC_TORCH_ROOT "${PROJECT_SOURCE_DIR}/.deps/wheels/torch" CACHE PATH "LibTorch: a folder with include/ and lib/")
set(header "${FACEREC_TORCH_ROOT}/include/torch/headeronly/version.h")
if(NOT EXISTS "${header}")
  set(header "${FACEREC_TORCH_ROOT}/include/torch/csrc/api/include/torch/version.h")
endif()
if(NOT EXISTS "${FACEREC_TORCH_ROOT}/lib/libtorch_cpu.so" OR NOT EXISTS "${header}")
  message(FATAL_ERROR "No LibTorch in ${FACEREC_TORCH_ROOT}.\n"
                      "Run scripts/setup, or give -DFACEREC_TORCH_ROOT=DIR (a folder with include/ and lib/).")
endif()
file(STRINGS "${header}" lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
string(REGEX REPLACE "[^0-9]+" "." FACEREC_TORCH_VERSION "${lines}")
string(REGEX REPLACE "^\\.|\\.$" "" FACEREC_TORCH_VERSION "${FACEREC_TORCH_VERSION}")
if(FACEREC_TORCH_VERSION VERSION_LESS 2.7)
  message(FATAL_ERROR "LibTorch ${FACEREC_TORCH_VERSION} in ${FACEREC_TORCH_ROOT} is too old: 2.7 or later is needed.")
endif()
# Which CUDA it is built for: told by the wheel (version.py) or the zip (build-version: 2.13.0+cu130).
set(FACEREC_CUDA_VERSION "")
foreach(file version.py build-version)
  if(EXISTS "${FACEREC_TORCH_ROOT}/${file}")
    file(READ "${FACEREC_TORCH_ROOT}/${file}" text)
    if(text MATCHES "\\+cu([0-9]+)([0-9])")
      set(FACEREC_CUDA_VERSION "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}")
    endif()
  endif()
endforeach()
message(STATUS "LibTorch ${FACEREC_TORCH_VERSION} in ${FACEREC_TORCH_ROOT}")

add_library(facerec_torch INTERFACE)
add_library(facerec::torch ALIAS facerec_torch)
# -idirafter: the wheel carries its own fmt, protobuf and others, which must not shadow the system's.
target_compile_options(facerec_torch INTERFACE
  "SHELL:-idirafter ${FACEREC_TORCH_ROOT}/include"
  "SHELL:-idirafter ${FACEREC_TORCH_ROOT}/include/torch/csrc/api/include")
# LibTorch is built with NDEBUG, and at::RecordFunction has a member more without it.
target_compile_definitions(facerec_torch INTERFACE $<$<NOT:$<CONFIG:Release>>:NDEBUG>)
# Options stand before all libraries on the link line, wherever CMake sorts those: so LibTorch's sgemm_ wins over that of a
# BLAS, which faiss names itself (src/README.md).
target_link_options(facerec_torch INTERFACE -Wl,--allow-shlib-undefined
  "SHELL:-Wl,--push-state,--no-as-needed ${FACEREC_TORCH_ROOT}/lib/libtorch_cpu.so -Wl,--pop-state")
target_link_libraries(facerec_torch INTERFACE
  -Wl,--no-as-needed "${FACEREC_TORCH_ROOT}/lib/libtorch_cpu.so" "${FACEREC_TORCH_ROOT}/lib/libc10.so" -Wl,--as-needed)
