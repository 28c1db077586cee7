# Libraries of data set formats that come without a CMake package: blosc::blosc (bcolz), csv::csv, re2::re2.
find_package(ZLIB REQUIRED)
foreach(name_header blosc:blosc.h csv:csv.h re2:re2/re2.h)
  string(REPLACE ":" ";" name_header ${name_header})
  list(GET name_header 0 name)
  list(GET name_header 1 header)
  string(TOUPPER ${name} prefix)
  find_path(${prefix}_INCLUDE_DIR ${header} REQUIRED)
  find_library(${prefix}_LIBRARY ${name} REQUIRED)
  add_library(${name}::${name} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(${name}::${name} PROPERTIES
    IMPORTED_LOCATION "${${prefix}_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${${prefix}_INCLUDE_DIR}")
endforeach()
