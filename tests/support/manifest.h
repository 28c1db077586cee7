// The golden data sets and what their manifest says of them.
#pragma once

#include <openssl/sha.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "facerec/image/image.h"
#include "support/reference.h"

namespace facerec::test {

inline std::filesystem::path formats() { return test_data() / "reference/formats"; }

inline const nlohmann::json& manifest() {
  static const nlohmann::json json = load_json(formats() / "manifest.json");
  return json;
}

// The entry of a good data set: manifest_of("tfrecord/train_bin.tfrecord").
inline const nlohmann::json& manifest_of(const std::string& path) {
  for (const nlohmann::json& entry : manifest().at("good")) {
    if (entry.at("path") == path) return entry;
  }
  throw std::runtime_error("the manifest has no " + path);
}

// The damaged data sets of one format: "recordio" for corrupt/recordio/….
inline std::vector<std::filesystem::path> corrupt(const std::string& format) {
  std::vector<std::filesystem::path> paths;
  for (const nlohmann::json& entry : manifest().at("corrupt")) {
    const std::string path = entry.at("path");
    if (path.starts_with("corrupt/" + format + "/")) paths.push_back(formats() / path);
  }
  return paths;
}

inline std::string sha256(std::span<const std::byte> bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  std::string text;
  for (const unsigned char byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// What the manifest calls an encoded image.
inline std::string image_key(std::span<const std::byte> encoded) { return sha256(encoded).substr(0, 16); }

// The decoded image against the manifest: equal to its hash, or, where libjpeg differs, to its means within 0.1.
inline void expect_pixels(const Image& image, const std::string& key) {
  const nlohmann::json& row = manifest().at("images").at(key);
  std::vector<std::byte> bgr(image.rgb.size());
  std::array<double, 3> mean{};
  for (size_t i = 0; i < bgr.size(); ++i) {
    const size_t channel = 2 - i % 3;
    bgr[i - i % 3 + channel] = std::byte{image.rgb[i]};
    mean[channel] += image.rgb[i];
  }
  if (sha256(bgr) == row.at(0)) return;
  for (size_t channel = 0; channel < 3; ++channel) {
    EXPECT_NEAR(mean[channel] / (image.width * image.height), row.at(channel + 1).get<double>(), 0.1) << key;
  }
}

}  // namespace facerec::test
