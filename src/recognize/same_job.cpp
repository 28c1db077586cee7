#include "recognize/same_job.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "facerec/core/error.h"

namespace facerec {

void check_same_job(const std::string& before, const std::string& now, const fs::path& out) {
  using Json = nlohmann::ordered_json;
  if (before == now) return;
  const Json asked = Json::parse(now), begun = Json::parse(before, nullptr, false);
  std::string differences;
  for (const auto& [key, value] : asked.items()) {
    const bool is_there = begun.is_object() && begun.contains(key);
    if (is_there && begun[key] == value) continue;
    differences += fmt::format("; {}: {} then, {} now", key, is_there ? begun[key].dump() : "unknown", value.dump());
  }
  throw Error::usage("was begun with other input or options" + differences)
      .file(text_of(out))
      .hint("--force begins anew");
}

}  // namespace facerec
