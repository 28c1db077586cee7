# The helpers that every CMakeLists.txt of this project uses.

# facerec_module(NAME [TORCH] SOURCES … USES module … LINKS library …)
#
# One static library facerec_NAME (alias facerec::NAME). USES names modules of lower rows only: the linker then keeps the
# dependency rule of src/README.md.
function(facerec_module name)
  cmake_parse_arguments(MODULE "TORCH" "" "SOURCES;USES;LINKS" ${ARGN})
  add_library(facerec_${name} STATIC ${MODULE_SOURCES})
  add_library(facerec::${name} ALIAS facerec_${name})
  target_include_directories(facerec_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM MODULE_USES PREPEND facerec::)
  target_link_libraries(facerec_${name} PUBLIC ${MODULE_USES} PRIVATE ${MODULE_LINKS} facerec_warnings)
  if(MODULE_TORCH)
    target_link_libraries(facerec_${name} PUBLIC facerec::torch)
    facerec_precompile(facerec_${name})
  endif()
endfunction()

# The one precompiled header (torch/torch.h): 40 s once, then 9 s a file instead of 25.
function(facerec_precompile target)
  target_precompile_headers(${target} REUSE_FROM facerec_pch)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL EXECUTABLE)
    # Executables are compiled with -fPIE by default, the header with -fPIC; the two must agree.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
endfunction()

# facerec_test(NAME [TORCH] SOURCES … LINKS …): a GoogleTest binary; CTest knows each of its cases by name. It links only
# the module under test, so that a dependency against the rule fails to link.
function(facerec_test name)
  cmake_parse_arguments(TEST "TORCH" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  # LibTorch comes first on the link line: its sgemm_ must win over the BLAS that OpenCV brings in (src/README.md).
  if(TEST_TORCH)
    target_link_libraries(${name} PRIVATE facerec::torch)
    facerec_precompile(${name})
  endif()
  target_link_libraries(${name} PRIVATE ${TEST_LINKS} facerec_test_support facerec_warnings)
  set(label with_torch)
  if(NOT TEST_TORCH AND NOT name MATCHES "^cli_|^linking")
    set(label without_torch)
    set_property(GLOBAL APPEND PROPERTY FACEREC_TESTS_WITHOUT_TORCH ${name})
  endif()
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600 LABELS ${label})
endfunction()
