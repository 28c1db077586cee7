#include "facerec/model/preprocess.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "model/metadata.h"

namespace facerec {
namespace {

constexpr float half = 0.5F;
constexpr float std128 = 128.0F / 255.0F;

struct Named {
  const char* name;
  bool bgr;
  std::array<float, 3> mean, std;
};

// torchvision.transforms.Normalize as its pretrained networks expect it.
constexpr std::array<float, 3> imagenet_mean{0.485F, 0.456F, 0.406F}, imagenet_std{0.229F, 0.224F, 0.225F};

constexpr Named published_ranges[] = {
    {"rgb", false, {half, half, half}, {half, half, half}},
    {"bgr", true, {half, half, half}, {half, half, half}},
    {"unit", false, {0, 0, 0}, {1, 1, 1}},
    {"rgb128", false, {half, half, half}, {std128, std128, std128}},
    {"bgr128", true, {half, half, half}, {std128, std128, std128}},
    {"imagenet", false, imagenet_mean, imagenet_std},
};

Preprocess with_size(const Named& named, const Preprocess& size) {
  return {.width = size.width, .height = size.height, .bgr = named.bgr, .mean = named.mean, .std = named.std};
}

// One number for all channels, or three.
std::optional<std::array<float, 3>> parse_triple(std::string_view text) {
  std::array<float, 3> values{};
  size_t count = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (count < 3) {
    const auto [next, error] = std::from_chars(at, end, values[count]);
    if (error != std::errc() || !std::isfinite(values[count])) return std::nullopt;
    ++count;
    at = next;
    if (at == end || *at != ',') break;
    ++at;
  }
  if (at != end || count == 2) return std::nullopt;
  if (count == 1) values = {values[0], values[0], values[0]};
  return values;
}

std::optional<Preprocess> parse_explicit(const std::string& text, Preprocess preprocess) {
  const size_t first = text.find(':'), second = text.find(':', first + 1);
  if (second == std::string::npos) return std::nullopt;
  const std::string order = text.substr(0, first);
  if (order != "rgb" && order != "bgr") return std::nullopt;
  const auto mean = parse_triple(std::string_view(text).substr(first + 1, second - first - 1));
  const auto deviation = parse_triple(std::string_view(text).substr(second + 1));
  if (!mean || !deviation) return std::nullopt;
  for (const float value : *deviation) {
    if (value <= 0) return std::nullopt;
  }
  preprocess.bgr = order == "bgr";
  preprocess.mean = *mean;
  preprocess.std = *deviation;
  return preprocess;
}

// The three numbers, or the one that they are.
std::string short_triple(const std::array<float, 3>& values) {
  const std::string text = triple_text(values);
  return values[0] == values[1] && values[1] == values[2] ? text.substr(0, text.find(',')) : text;
}

std::vector<std::string> preprocess_names() {
  std::vector<std::string> names{"default"};
  for (const Named& named : published_ranges) names.emplace_back(named.name);
  return names;
}

}  // namespace

Preprocess parse_preprocess(const std::string& text, const Preprocess& published) {
  if (text == "default") return published;
  for (const Named& named : published_ranges) {
    if (text == named.name) return with_size(named, published);
  }
  if (const auto preprocess = parse_explicit(text, published)) return *preprocess;
  throw Error::usage("unknown preprocessing '" + text + "'")
      .hint("known: " + join(preprocess_names()) + ", or ORDER:MEAN:STD such as bgr:0.5,0.5,0.5:0.5,0.5,0.5");
}

std::string preprocess_name(const Preprocess& preprocess, const Preprocess& published) {
  Preprocess same_size = published;
  same_size.width = preprocess.width;
  same_size.height = preprocess.height;
  if (preprocess == same_size) return "default";
  for (const Named& named : published_ranges) {
    if (with_size(named, preprocess) == preprocess) return named.name;
  }
  return fmt::format("{}:{}:{}", preprocess.bgr ? "bgr" : "rgb", short_triple(preprocess.mean),
                     short_triple(preprocess.std));
}

std::string preprocess_formula(const Preprocess& preprocess) {
  const std::string image =
      fmt::format("{}x{} {}, ", preprocess.width, preprocess.height, preprocess.bgr ? "BGR" : "RGB");
  if (preprocess.mean == std::array{half, half, half} && preprocess.std == std::array{std128, std128, std128}) {
    return image + "(x - 127.5)/128";
  }
  std::string values = "x/255";
  auto bracketed = [](const std::array<float, 3>& triple) {
    const std::string text = short_triple(triple);
    return text.find(',') == std::string::npos ? text : fmt::format("({})", text);
  };
  if (preprocess.mean != std::array<float, 3>{0, 0, 0})
    values = fmt::format("(x/255 - {})", bracketed(preprocess.mean));
  if (preprocess.std != std::array<float, 3>{1, 1, 1}) values += fmt::format("/{}", bracketed(preprocess.std));
  return image + values;
}

}  // namespace facerec
