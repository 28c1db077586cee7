#include "model/metadata.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "facerec/core/error.h"
#include "model/registry.h"

namespace facerec {
namespace {

constexpr const char* format_name = "facerec";
constexpr const char* flip_rule = "flip_sum";

// The shortest text that reads back as the same number, whatever the locale.
std::string number_text(float value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, end};
}

std::string size_text(const Preprocess& preprocess) {
  return std::to_string(preprocess.width) + "x" + std::to_string(preprocess.height);
}

// Reads the whole of `text` as values separated by `separator`.
template <class Value, size_t count>
std::optional<std::array<Value, count>> parse(std::string_view text, char separator) {
  std::array<Value, count> values{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (size_t i = 0; i < count; ++i) {
    if (i > 0 && (at == end || *at++ != separator)) return std::nullopt;
    const auto [next, error] = std::from_chars(at, end, values[i]);
    if (error != std::errc()) return std::nullopt;
    at = next;
  }
  return at == end ? std::optional(values) : std::nullopt;
}

class Reader {
 public:
  Reader(const Metadata& metadata, const fs::path& path) : metadata_(metadata), path_(path) {}

  const std::string& text(const std::string& key) const {
    const auto found = metadata_.find(key);
    if (found != metadata_.end()) return found->second;
    throw Error("has no '" + key + "' in its metadata")
        .file(text_of(path_))
        .hint("model files are written by facerec; this one cannot be used without knowing its architecture");
  }

  template <class Value, size_t count>
  std::array<Value, count> values(const std::string& key, char separator) const {
    const auto parsed = parse<Value, count>(text(key), separator);
    if (!parsed) throw nonsense(key);
    return *parsed;
  }

  bool is_second(const std::string& key, const std::string& first, const std::string& second) const {
    if (text(key) == second) return true;
    if (text(key) != first) throw nonsense(key);
    return false;
  }

  Error nonsense(const std::string& key) const {
    return Error("its metadata makes no sense: " + key + " is '" + text(key) + "'").file(text_of(path_));
  }

 private:
  const Metadata& metadata_;
  const fs::path& path_;
};

}  // namespace

std::string triple_text(const std::array<float, 3>& values) {
  return number_text(values[0]) + "," + number_text(values[1]) + "," + number_text(values[2]);
}

Metadata metadata_of(const ModelSpec& spec) {
  return {{"format", format_name},
          {"architecture", spec.architecture},
          {"embedding_size", std::to_string(spec.embedding_size)},
          {"input", size_text(spec.preprocess)},
          {"channel_order", spec.preprocess.bgr ? "bgr" : "rgb"},
          {"mean", triple_text(spec.preprocess.mean)},
          {"std", triple_text(spec.preprocess.std)},
          {"flip", flip_rule},
          {"output", spec.unit_length ? "unit" : "raw"}};
}

std::string preprocess_text(const Preprocess& preprocess) {
  return size_text(preprocess) + (preprocess.bgr ? " bgr " : " rgb ") + triple_text(preprocess.mean) + " " +
         triple_text(preprocess.std);
}

ModelSpec spec_in(const Metadata& metadata, const fs::path& path) {
  const Reader reader(metadata, path);
  reader.is_second("format", format_name, format_name);
  reader.is_second("flip", flip_rule, flip_rule);
  ModelSpec spec{.architecture = reader.text("architecture"),
                 .embedding_size = reader.values<int64_t, 1>("embedding_size", ',')[0]};
  const auto [width, height] = reader.values<int, 2>("input", 'x');
  spec.preprocess = {.width = width,
                     .height = height,
                     .bgr = reader.is_second("channel_order", "rgb", "bgr"),
                     .mean = reader.values<float, 3>("mean", ','),
                     .std = reader.values<float, 3>("std", ',')};
  // Files of the first version do not have it.
  spec.unit_length = metadata.contains("output") && reader.is_second("output", "raw", "unit");
  for (float mean : spec.preprocess.mean) {
    if (!std::isfinite(mean)) throw reader.nonsense("mean");
  }
  for (float deviation : spec.preprocess.std) {
    if (!std::isfinite(deviation) || deviation <= 0) throw reader.nonsense("std");
  }
  return spec;
}

ModelSpec known_spec_in(const Metadata& metadata, const fs::path& path) {
  ModelSpec spec = spec_in(metadata, path);
  try {
    check_spec(spec);
  } catch (const Error& error) {
    throw Error("its metadata asks for what facerec does not have: " + error.message())
        .file(text_of(path))
        .hint(error.hint());
  }
  return spec;
}

}  // namespace facerec
