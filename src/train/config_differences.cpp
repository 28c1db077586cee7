#include "train/config_differences.h"

#include <fmt/format.h>

#include <set>

#include "facerec/config/config.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

const std::set<std::string>& may_differ(Compared compared) {
  static const std::set<std::string> of_place{"run.device", "run.threads", "data.workers"};
  static const std::set<std::string> of_resumed{"train.cuda_graph", "train.epochs", "train.max_steps", "run.device",
                                                "run.threads",      "run.timeout",  "data.workers"};
  return compared == Compared::resumed ? of_resumed : of_place;
}

struct Comparison {
  const std::set<std::string>& left_out;
  std::string here, there, lines;

  void add(const std::string& path, const Json& a, const Json& b) {
    if (left_out.contains(path) || a == b) return;
    if (!a.is_object() || !b.is_object()) {
      lines += fmt::format("\n  {}: {} {}, {} {}", path, to_json_text(a), here, to_json_text(b), there);
      return;
    }
    std::set<std::string> keys;
    for (const Json* side : {&a, &b}) {
      for (const auto& [key, value] : side->items()) keys.insert(key);
    }
    for (const std::string& key : keys) {
      auto value = [&](const Json& side) { return side.contains(key) ? side.at(key) : Json("absent"); };
      add(path.empty() ? key : fmt::format("{}.{}", path, key), value(a), value(b));
    }
  }
};

}  // namespace

std::string config_differences(Compared compared, const Json& a, const Json& b, const std::string& here,
                               const std::string& there) {
  Comparison comparison{may_differ(compared), here, there, ""};
  comparison.add("", a, b);
  return comparison.lines;
}

}  // namespace facerec
