# FACEREC_NCCL: processes that train on one GPU each speak through NCCL. Only headers are needed, those of CUDA and of NCCL:
# LibTorch's CUDA libraries bring the rest when they are opened.
file(GLOB wheel_includes "${FACEREC_TORCH_ROOT}/../nvidia/*/include")
find_path(CUDA_INCLUDE_DIR cusolverDn.h HINTS ${wheel_includes} PATHS /usr/local/cuda/include /usr/local/include)
find_path(NCCL_INCLUDE_DIR nccl.h HINTS ${wheel_includes} "${CUDA_INCLUDE_DIR}" PATHS /usr/local/include)
set(found OFF)
if(CUDA_INCLUDE_DIR AND NCCL_INCLUDE_DIR)
  set(found ON)
endif()
option(FACEREC_NCCL "Build what several GPUs are trained with; wants the headers of CUDA and NCCL" ${found})
if(FACEREC_NCCL AND NOT found)
  message(FATAL_ERROR "FACEREC_NCCL is on, and no headers of CUDA (cusolverDn.h) and NCCL (nccl.h) are found.\n"
                      "Give -DCUDA_INCLUDE_DIR=DIR and -DNCCL_INCLUDE_DIR=DIR.")
endif()
message(STATUS "Training on several GPUs: ${FACEREC_NCCL}")

# FACEREC_CUDA_GRAPH: train.cuda_graph on a GPU; wants the headers of CUDA alone.
set(found OFF)
if(CUDA_INCLUDE_DIR)
  set(found ON)
endif()
option(FACEREC_CUDA_GRAPH "Build what records training steps on a GPU; wants the headers of CUDA" ${found})
