# GLOO_INCLUDE_DIR: what ProcessGroupGloo.hpp of LibTorch includes. LibTorch brings Gloo itself, without its headers; those
# of the distribution's package serve, as only opaque pointers are passed through. Its library must not be linked.
find_path(GLOO_INCLUDE_DIR gloo/rendezvous/store.h)
if(NOT GLOO_INCLUDE_DIR)
  message(FATAL_ERROR "No headers of Gloo, by which the processes of a training speak.\n"
                      "Run scripts/setup (Debian's package is libgloo-dev), or give -DGLOO_INCLUDE_DIR=DIR.")
endif()
