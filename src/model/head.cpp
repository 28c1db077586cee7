#include "facerec/model/head.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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

Head::Head(const HeadClasses& classes, int64_t embedding_size, int64_t centers) : classes_(classes), centers_(centers) {
  weight = register_parameter("weight", torch::empty({classes.held.count * centers, embedding_size}));
}

void Head::draw_weight(const std::function<void(torch::Tensor&)>& draw) {
  constexpr int64_t most = 4096;  // rows; 8 MB at 512 numbers each
  const torch::NoGradGuard without_gradient;
  const int64_t rows = classes_.total * centers_;
  const int64_t begin = classes_.held.first * centers_, end = begin + weight.size(0);
  for (int64_t row = 0; row < rows; row += most) {
    torch::Tensor block = torch::empty({std::min(most, rows - row), weight.size(1)});
    draw(block);
    const int64_t first = std::max(row, begin), last = std::min(row + block.size(0), end);
    if (first < last) weight.narrow(0, first - begin, last - first).copy_(block.narrow(0, first - row, last - first));
  }
}

void Head::draw_xavier_uniform() {
  const double bound = std::sqrt(6.0 / static_cast<double>(classes_.total * centers_ + weight.size(1)));
  draw_weight([bound](torch::Tensor& block) { block.uniform_(-bound, bound); });
}

void Head::use_classes(const torch::Tensor& classes) {
  sampled_.clear();
  if (!classes.defined()) return;
  const torch::NoGradGuard without_gradient;
  const torch::Tensor centers = torch::arange(centers_, classes.options());
  const torch::Tensor rows = (classes.unsqueeze(1) * centers_ + centers).flatten();
  for (const torch::Tensor& parameter : parameters(/*recurse=*/false)) {
    sampled_.push_back({parameter, rows, parameter.index_select(0, rows).requires_grad_()});
  }
}

const torch::Tensor& Head::used(const torch::Tensor& parameter) const {
  for (const SampledRows& each : sampled_) {
    if (each.parameter.is_same(parameter)) return each.values;
  }
  return parameter;
}

bool Head::is_by_class(const std::string& name) const {
  return named_parameters().contains(name) || name.ends_with("running_mean") || name.ends_with("running_var");
}

std::vector<std::string> head_names() {
  std::vector<std::string> names;
  for (const HeadEntry& entry : heads) names.emplace_back(entry.name);
  return names;
}

std::shared_ptr<Head> make_head(const HeadConfig& config, const HeadClasses& classes, int64_t embedding_size) {
  const auto* entry = std::ranges::find(heads, config.name, &HeadEntry::name);
  if (entry == std::end(heads)) throw unknown_name("head", config.name, head_names()).key("head.name");
  std::vector<const char*> takes = entry->takes;
  takes.push_back("sample_rate");
  refuse_other_keys("head", config_json(config), config_json(HeadConfig{}), takes);
  if (config.margin > entry->largest_margin) {
    throw Error::usage(fmt::format("a margin of {} is none for {}", config.margin, config.name))
        .key("head.margin")
        .hint(fmt::format("at most {:.4g}", entry->largest_margin));
  }
  auto head = entry->build(config, {classes, embedding_size});
  if (config.sample_rate < 1 && !head->can_sample()) {
    throw Error::usage("logit_norm keeps statistics of each class, which a sample would leave behind")
        .key("head.sample_rate");
  }
  return head;
}

}  // namespace facerec
