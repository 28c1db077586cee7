#include <iostream>

#include "facerec/core/error.h"
#include "tools/front.h"
#include "tools/version.h"

namespace facerec {

RunVerb set_up_doctor(CLI::App& app) {
  app.footer(
      "Ends with 0 when facerec can do its work here, with 1 when something is missing that it needs. What is marked\n"
      "`note` it can do without.\n"
      "Examples:\n"
      "  facerec doctor\n"
      "  facerec doctor --json | jq '.findings[] | select(.state != \"ok\")'");
  return [](const CommonOptions& common) { return library().doctor({.version = version_text()}, common); };
}

}  // namespace facerec
