// Parts of a backbone, by the names of its modules.
#pragma once

#include <string>
#include <vector>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/model/backbone.h"

namespace facerec {

// "body.0.conv" is below "body", "body.0" and itself.
inline bool is_below(const std::string& name, const std::string& part) {
  return name == part || name.starts_with(part + ".");
}

inline Error unknown_part(const Backbone& backbone, const std::string& part) {
  std::vector<std::string> known;
  for (const auto& child : backbone.named_children()) known.push_back(child.key());
  return Error::usage("the backbone has no part '" + part + "'").hint("its parts: " + join(known));
}

}  // namespace facerec
