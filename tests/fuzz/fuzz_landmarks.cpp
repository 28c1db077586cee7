// A file of landmarks in any form, and one of a single face.
#include <string>

#include "face/landmark_folder.h"
#include "face/landmark_forms.h"
#include "facerec/core/error.h"
#include "fuzz/views.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace facerec;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto table = parse_landmarks(text);
    fuzz::require(table->size() > 0);
    for (const char* place : {"a.jpg", "b/a.jpg", "/b/000001.jpg", ""}) table->faces(place, place);
  } catch (const Error&) {
  }
  try {
    parse_points(text);
  } catch (const Error&) {
  }
  return 0;
}
