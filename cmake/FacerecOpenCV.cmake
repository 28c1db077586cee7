# opencv::core, imgproc, imgcodecs, objdetect and turbojpeg::turbojpeg from the distribution's small -dev packages.
# OpenCVConfig.cmake comes only with libopencv-dev, which brings every module and a gigabyte with it.
find_path(OPENCV_INCLUDE_DIR opencv2/core.hpp PATH_SUFFIXES opencv4 REQUIRED)
foreach(module core imgproc imgcodecs objdetect)
  find_library(OPENCV_${module}_LIBRARY opencv_${module} REQUIRED)
  add_library(opencv::${module} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(opencv::${module} PROPERTIES
    IMPORTED_LOCATION "${OPENCV_${module}_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${OPENCV_INCLUDE_DIR}")
endforeach()
file(STRINGS "${OPENCV_INCLUDE_DIR}/opencv2/core/version.hpp" lines REGEX "define CV_VERSION_(MAJOR|MINOR|REVISION) ")
string(REGEX REPLACE "[^0-9]+" "." FACEREC_OPENCV_VERSION "${lines}")
string(REGEX REPLACE "^\\.|\\.$" "" FACEREC_OPENCV_VERSION "${FACEREC_OPENCV_VERSION}")

find_path(TURBOJPEG_INCLUDE_DIR turbojpeg.h REQUIRED)
find_library(TURBOJPEG_LIBRARY turbojpeg REQUIRED)
add_library(turbojpeg::turbojpeg UNKNOWN IMPORTED GLOBAL)
set_target_properties(turbojpeg::turbojpeg PROPERTIES
  IMPORTED_LOCATION "${TURBOJPEG_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${TURBOJPEG_INCLUDE_DIR}")
