#include "facerec/model/head.h"

#include <fmt/format.h>

#include <algorithm>
#include <numbers>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "model/heads.h"
#include "model/names.h"
#include "model/taken_keys.h"

namespace facerec {
namespace {

struct HeadEntry {
  const char* name;
  std::shared_ptr<Head> (*build)(const HeadConfig& config, HeadShape shape);
  std::vector<const char*> takes;
  double largest_margin = 10;
};

const HeadEntry heads[] = {
    {"softmax", build_softmax, {"logit_norm"}},
    {"sphereface", build_sphereface, {"margin"}, 5},
    {"cosface", build_cosface, {"scale", "margin"}, 2},
    {"arcface", build_arcface, {"scale", "margin", "easy_margin"}, std::numbers::pi},
    {"arcface_torch", build_arcface_torch, {"scale", "margin", "filter_threshold"}, std::numbers::pi},
    {"combined", build_combined, {"scale", "margins", "filter_threshold"}},
    {"subcenter_arcface", build_subcenter_arcface, {"scale", "margin", "centers"}, std::numbers::pi},
    {"adaface", build_adaface, {"scale", "margin", "h", "t_alpha"}, std::numbers::pi},
    {"magface", build_magface, {"scale", "norms", "norm_margins", "norm_weight"}},
    {"curricularface", build_curricularface, {"scale", "margin", "t_alpha"}, std::numbers::pi},
};

}  // namespace

Head::Head(int64_t classes, int64_t embedding_size) {
  weight = register_parameter("weight", torch::empty({classes, embedding_size}));
}

std::vector<std::string> head_names() {
  std::vector<std::string> names;
  for (const HeadEntry& entry : heads) names.emplace_back(entry.name);
  return names;
}

std::shared_ptr<Head> make_head(const HeadConfig& config, int64_t classes, int64_t embedding_size) {
  const auto* entry = std::ranges::find(heads, config.name, &HeadEntry::name);
  if (entry == std::end(heads)) throw unknown_name("head", config.name, head_names());
  refuse_other_keys("head", config_json(config), config_json(HeadConfig{}), entry->takes);
  if (config.margin > entry->largest_margin) {
    throw Error::usage(fmt::format("a margin of {} is none for {}", config.margin, config.name))
        .key("head.margin")
        .hint(fmt::format("at most {:.4g}", entry->largest_margin));
  }
  return entry->build(config, {classes, embedding_size});
}

}  // namespace facerec
