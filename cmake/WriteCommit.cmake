# cmake -DSOURCE=DIR -DOUT=FILE -P WriteCommit.cmake: the commit of SOURCE as a header, which is touched only when it has
# changed. Empty where SOURCE is no checkout.
execute_process(COMMAND git -C "${SOURCE}" describe --always --dirty --abbrev=10 --exclude=*
  OUTPUT_VARIABLE commit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
set(text "#pragma once\n#define FACEREC_COMMIT \"${commit}\"\n")
set(before "")
if(EXISTS "${OUT}")
  file(READ "${OUT}" before)
endif()
if(NOT text STREQUAL before)
  file(WRITE "${OUT}" "${text}")
endif()
