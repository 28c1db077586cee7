#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/infer/calibration.h"
#include "facerec/io/safetensors.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

constexpr int schema = 1;
constexpr const char* file_kind = "calibration";
constexpr const char* metadata_key = "calibration";
constexpr uint64_t max_file = uint64_t{1} << 24;  // what calibrate writes has some 100 kB

Json json_of(const Threshold& threshold) {
  return {{"cosine", threshold.cosine},
          {"squared_l2", threshold.squared_l2()},
          {"cosine_ci95", {threshold.low, threshold.high}},
          {"supported", threshold.supported},
          {"derived", threshold.derived}};
}

Json json_of(const CalibratedRate& wanted) {
  const bool search = wanted.gallery_size > 0;
  Json json{{search ? "fpir" : "fmr", wanted.rate}};
  if (search) json["gallery_size"] = wanted.gallery_size;
  json["threshold"] = json_of(wanted.threshold);
  Json& missed = json[search ? "fnir" : "fnmr"];
  if (wanted.missed) missed = {{"value", *wanted.missed}, {"ci95", {wanted.missed_low, wanted.missed_high}}};
  return json;
}

Json json_of(const ImpostorTail& tail) {
  Json json = Json::object();
  if (tail.gallery_size > 0) json["gallery_size"] = tail.gallery_size;
  json["trials"] = tail.trials;
  json["scale"] = {tail.scale, tail.scale_low, tail.scale_high};
  json["points"] = Json::array();
  for (const ImpostorTail::Point& point : tail.points) {
    json["points"].push_back({point.rate, point.cosine, point.low, point.high});
  }
  return json;
}

// --- reading ---

Error nonsense(const std::string& what) { return Error("the calibration is damaged: " + what); }

void require(bool condition, const char* what) {
  if (!condition) throw nonsense(what);
}

bool is_ordered(double low, double value, double high) { return low <= value && value <= high; }

double rate_in(const Json& json) {
  const double rate = json.get<double>();
  require(rate > 0 && rate < 1, "a rate is not between 0 and 1");
  return rate;
}

uint64_t count_in(const Json& json) {
  require(json.is_number_unsigned(), "a count is no whole number");
  return json.get<uint64_t>();
}

// 1 or more.
int64_t gallery_size_in(const Json& json) {
  const uint64_t size = count_in(json.at("gallery_size"));
  require(size >= 1 && size <= INT64_MAX, "a gallery's size makes no sense");
  return static_cast<int64_t>(size);
}

ImpostorTail tail_in(const Json& json) {
  ImpostorTail tail;
  tail.trials = count_in(json.at("trials"));
  const auto scale = json.at("scale").get<std::array<double, 3>>();
  require(scale[1] >= 0 && is_ordered(scale[1], scale[0], scale[2]), "a scale makes no sense");
  tail.scale = scale[0];
  tail.scale_low = scale[1];
  tail.scale_high = scale[2];
  for (const Json& each : json.at("points")) {
    const auto values = each.get<std::array<double, 4>>();
    const ImpostorTail::Point point{.rate = values[0], .cosine = values[1], .low = values[2], .high = values[3]};
    require(point.rate > 0 && point.rate < 1, "a rate is not between 0 and 1");
    require(is_ordered(-1, point.cosine, 1) && is_ordered(point.low, point.cosine, point.high),
            "a point's cosine lies outside its interval, or of -1 to 1");
    require(tail.points.empty() || (point.rate < tail.points.back().rate && point.cosine >= tail.points.back().cosine),
            "the points do not fall in rate and rise in cosine");
    tail.points.push_back(point);
  }
  require(!tail.points.empty(), "a tail has no points");
  return tail;
}

Threshold threshold_in(const Json& json) {
  const auto interval = json.at("cosine_ci95").get<std::array<double, 2>>();
  return {.cosine = json.at("cosine").get<double>(),
          .low = interval[0],
          .high = interval[1],
          .supported = json.at("supported").get<bool>(),
          .derived = json.at("derived").get<bool>()};
}

CalibratedRate wanted_in(const Json& json) {
  CalibratedRate wanted;
  const bool search = json.contains("fpir");
  wanted.rate = rate_in(json.at(search ? "fpir" : "fmr"));
  if (search) wanted.gallery_size = gallery_size_in(json);
  wanted.threshold = threshold_in(json.at("threshold"));
  const Json& missed = json.at(search ? "fnir" : "fnmr");
  if (missed.is_null()) return wanted;
  wanted.missed = missed.at("value").get<double>();
  const auto interval = missed.at("ci95").get<std::array<double, 2>>();
  wanted.missed_low = interval[0];
  wanted.missed_high = interval[1];
  return wanted;
}

Calibration calibration_in(const Json& json) {
  Calibration result{.model = json.at("model").get<std::string>(),
                     .architecture = printable(json.at("architecture").get<std::string>()),
                     .rule = parse_embedding_rule(json.at("flip").get<std::string>()),
                     .data = printable(json.at("data").get<std::string>()),
                     .images = count_in(json.at("images")),
                     .identities = count_in(json.at("identities")),
                     .genuine = count_in(json.at("genuine")),
                     .impostor = count_in(json.at("impostor")),
                     .default_fmr = rate_in(json.at("default_fmr")),
                     .fmr = tail_in(json.at("fmr"))};
  if (!json.at("default_fpir").is_null()) result.default_fpir = rate_in(json.at("default_fpir"));
  for (const Json& each : json.at("fpir")) {
    ImpostorTail tail = tail_in(each);
    tail.gallery_size = gallery_size_in(each);
    require(result.fpir.empty() || result.fpir.back().gallery_size < tail.gallery_size, "gallery sizes do not rise");
    result.fpir.push_back(std::move(tail));
  }
  for (const Json& each : json.at("wanted")) result.wanted.push_back(wanted_in(each));
  return result;
}

enum class Content { safetensors, json, other };

// A .safetensors begins with the length of its header, a number that as the text of a JSON document is too large.
Content content_of(std::span<const std::byte> bytes) {
  uint64_t length = 0;
  if (bytes.size() > sizeof length) {
    std::memcpy(&length, bytes.data(), sizeof length);
    if (length <= bytes.size() - sizeof length && bytes[sizeof length] == std::byte{'{'}) return Content::safetensors;
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{' ? Content::json : Content::other;
}

}  // namespace

nlohmann::ordered_json to_json(const Calibration& c) {
  Json json{{"schema", schema},
            {"kind", file_kind},
            {"model", c.model},
            {"architecture", c.architecture},
            {"flip", to_string(c.rule)},
            {"data", c.data},
            {"images", c.images},
            {"identities", c.identities},
            {"genuine", c.genuine},
            {"impostor", c.impostor},
            {"default_fmr", c.default_fmr},
            {"default_fpir", c.default_fpir ? Json(*c.default_fpir) : Json()},
            {"wanted", Json::array()},
            {"fmr", json_of(c.fmr)},
            {"fpir", Json::array()}};
  for (const CalibratedRate& wanted : c.wanted) json["wanted"].push_back(json_of(wanted));
  for (const ImpostorTail& tail : c.fpir) json["fpir"].push_back(json_of(tail));
  return json;
}

Calibration parse_calibration(std::string_view text) try {
  const Json json = Json::parse(text);
  if (!json.is_object() || json.value("kind", Json()) != file_kind) {
    throw Error("is no calibration").hint("facerec calibrate --out FILE.json writes one");
  }
  if (json.value("schema", Json()) != schema) {
    throw Error("the calibration is of another version of facerec").hint("facerec calibrate makes a new one");
  }
  return calibration_in(json);
} catch (const nlohmann::json::exception& fault) {
  throw nonsense(printable(fault.what(), 160)).hint("facerec calibrate makes a new one");
}

std::optional<Calibration> find_calibration(const fs::path& path) try {
  const MappedFile file(path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  switch (content_of(file.bytes())) {
    case Content::other: return std::nullopt;
    case Content::json:
      if (text.size() > max_file) throw Error("is too large for a calibration");
      return parse_calibration(text);
    case Content::safetensors: {
      const SafetensorsFile model(path);
      const auto found = model.metadata().find(metadata_key);
      if (found == model.metadata().end()) return std::nullopt;
      return parse_calibration(found->second);
    }
  }
  return std::nullopt;
} catch (Error& error) {
  if (!error.file().empty()) throw;
  throw std::move(error).file(text_of(path));
}

void check_can_carry_calibration(const fs::path& model) {
  if (content_of(MappedFile(model).bytes()) == Content::safetensors) return;
  throw Error::usage("is no .safetensors, the one format whose files carry a calibration")
      .file(text_of(model))
      .hint("--out FILE.json keeps it beside the model; facerec export MODEL NEW.safetensors makes one that does");
}

void write_into_model(const fs::path& path, const Calibration& calibration) {
  check_can_carry_calibration(path);
  const SafetensorsFile model(path);
  Metadata metadata = model.metadata();
  metadata[metadata_key] = to_json_text(to_json(calibration));
  std::vector<NamedTensor> tensors;
  for (const auto& [name, view] : model.tensors()) tensors.push_back({name, view});
  std::ranges::sort(tensors, {}, [](const NamedTensor& tensor) { return tensor.view.bytes.data(); });  // as they lay
  write_safetensors(fs::canonical(path), tensors, metadata);
}

}  // namespace facerec
