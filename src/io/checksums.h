// Whether readers compare checksums: always, but in fuzz targets, since a fuzzer does not guess them.
#pragma once

namespace facerec {

#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
inline constexpr bool checksums_count = true;
#else
inline constexpr bool checksums_count = false;
#endif

}  // namespace facerec
