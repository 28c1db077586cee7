# What `cmake --install` and CPack put where. With LibTorch and OpenVINO from scripts/setup their libraries are installed too,
# below LIBDIR/facerec, so that facerec runs without the tree that it was built in; others are found where they are.
set(wheels "${PROJECT_SOURCE_DIR}/.deps/wheels")
set(bundle OFF)
if(FACEREC_TORCH_ROOT STREQUAL "${wheels}/torch" AND FACEREC_OPENVINO_ROOT STREQUAL "${wheels}/openvino")
  set(bundle ON)
endif()
option(FACEREC_BUNDLE "Install the libraries of LibTorch and OpenVINO with facerec; they must be those of scripts/setup" ${bundle})
set(private "${CMAKE_INSTALL_LIBDIR}/facerec")

if(FACEREC_BUNDLE)
  # The tree of the wheels stays as it is: their libraries look for one another by it. LibTorch's Python side is left out,
  # and what of OpenVINO serves other devices and formats.
  install(DIRECTORY "${wheels}/torch/lib" DESTINATION "${private}/torch" USE_SOURCE_PERMISSIONS
    FILES_MATCHING PATTERN "*.so*" PATTERN "libtorch_python*" EXCLUDE PATTERN "libshm*" EXCLUDE
    REGEX "cuda|nvrtc|nvshmem" EXCLUDE)
  install(DIRECTORY "${wheels}/nvidia" DESTINATION "${private}" USE_SOURCE_PERMISSIONS
    FILES_MATCHING PATTERN "libcudart.so*" PATTERN "libcupti.so*" PATTERN "include" EXCLUDE)
  install(DIRECTORY "${wheels}/openvino/libs" DESTINATION "${private}/openvino" USE_SOURCE_PERMISSIONS
    FILES_MATCHING REGEX "lib(tbb|tbbbind_2_5|tbbmalloc|hwloc)[.]so|libopenvino([.]so|_intel_cpu_plugin|_(onnx|ir)_frontend)")
  if(EXISTS "${wheels}/nvidia/cudnn")  # scripts/setup --cuda
    install(DIRECTORY "${wheels}/torch/lib" DESTINATION "${private}/torch" USE_SOURCE_PERMISSIONS COMPONENT cuda
      FILES_MATCHING REGEX "cuda|nvrtc|nvshmem")
    install(DIRECTORY "${wheels}/nvidia" DESTINATION "${private}" USE_SOURCE_PERMISSIONS COMPONENT cuda
      FILES_MATCHING PATTERN "*.so*" PATTERN "include" EXCLUDE)
  endif()
  set_target_properties(facerec_library PROPERTIES
    INSTALL_RPATH "$ORIGIN/facerec/torch/lib;$ORIGIN/facerec/openvino/libs")
else()
  set_target_properties(facerec_library PROPERTIES
    INSTALL_RPATH "${FACEREC_TORCH_ROOT}/lib;$<TARGET_FILE_DIR:openvino::runtime>")
endif()

install(TARGETS facerec RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS facerec_library EXPORT facerec LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/facerec DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs DESTINATION ${CMAKE_INSTALL_DATADIR}/facerec)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR})

# find_package(facerec) gives facerec::facerec.
include(CMakePackageConfigHelpers)
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/facerec")
install(EXPORT facerec NAMESPACE facerec:: FILE facerecTargets.cmake DESTINATION ${package})
file(WRITE ${PROJECT_BINARY_DIR}/facerecConfig.cmake
  "include(CMakeFindDependencyMacro)\nfind_dependency(nlohmann_json)\n"
  "set(facerec_TORCH_VERSION ${FACEREC_TORCH_VERSION})  # whose headers those of facerec/model and facerec/train want\n"
  "include(\"\${CMAKE_CURRENT_LIST_DIR}/facerecTargets.cmake\")\n")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/facerecConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/facerecConfig.cmake ${PROJECT_BINARY_DIR}/facerecConfigVersion.cmake
  DESTINATION ${package})

# Manual pages and completion, written by the program itself.
set(written "${PROJECT_BINARY_DIR}/written")
add_custom_command(OUTPUT ${written}/man1/facerec.1
  COMMAND facerec manual --man ${written}/man1
  COMMAND facerec completion bash > ${written}/facerec
  COMMAND facerec completion zsh > ${written}/_facerec
  COMMAND facerec completion fish > ${written}/facerec.fish
  DEPENDS facerec COMMENT "Writing the manual pages")
add_custom_target(facerec_written ALL DEPENDS ${written}/man1/facerec.1)
install(DIRECTORY ${written}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
install(FILES ${written}/facerec DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${written}/_facerec DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${written}/facerec.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# ---- The package: `cmake --build build/release --target package`

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME facerec)
set(CPACK_PACKAGE_CONTACT "the facerec developers <facerec@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "trains, fine-tunes, evaluates and uses face-recognition models")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
get_cmake_property(components COMPONENTS)
set(CPACK_COMPONENTS_ALL ${components})
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_UNSPECIFIED_PACKAGE_NAME facerec)
set(CPACK_DEBIAN_UNSPECIFIED_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_CUDA_PACKAGE_NAME facerec-cuda)
set(CPACK_DEBIAN_CUDA_PACKAGE_DEPENDS "facerec (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
# The libraries that it is linked with; those below LIBDIR/facerec come with it.
set(CPACK_DEBIAN_UNSPECIFIED_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS
  "${wheels}/torch/lib" "${wheels}/openvino/libs" "${wheels}/nvidia/cu13/lib")
set(CPACK_DEBIAN_UNSPECIFIED_PACKAGE_RECOMMENDS "opencv-data, fonts-noto-core, fonts-noto-cjk")
include(CPack)
