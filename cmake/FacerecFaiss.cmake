# faiss::faiss, a static library in the distribution's package. The BLAS named here only has to satisfy the linker: LibTorch,
# which stands before it, brings the sgemm_ that faiss then computes with (src/README.md). The OpenMP is GCC's, which the
# package is built with, whatever compiles this project.
find_path(FAISS_INCLUDE_DIR faiss/Index.h REQUIRED)
foreach(name faiss lapack blas)
  find_library(${name}_LIBRARY ${name} REQUIRED)
endforeach()
add_library(faiss::faiss UNKNOWN IMPORTED GLOBAL)
set_target_properties(faiss::faiss PROPERTIES
  IMPORTED_LOCATION "${faiss_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${FAISS_INCLUDE_DIR}"
  INTERFACE_LINK_LIBRARIES "gomp;${lapack_LIBRARY};${blas_LIBRARY}")
