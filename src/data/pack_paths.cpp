#include "data/pack_paths.h"

#include <fmt/format.h>

#include "facerec/core/text.h"
#include "io/crc32c.h"

namespace facerec {
namespace {

constexpr size_t longest_name = 200;  // of 255 bytes: a number, an extension and a mark of temporary files follow

// Cuts to `bytes`, not within a character of UTF-8.
std::string_view cut(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

constexpr ImageFormat formats[] = {ImageFormat::jpeg, ImageFormat::png, ImageFormat::bmp, ImageFormat::webp};

}  // namespace

std::string plain_name(std::string_view name) {
  std::string plain(cut(name, longest_name));
  for (char& c : plain) {
    if (c == '/' || static_cast<unsigned char>(c) < ' ') c = '_';
  }
  if (plain.empty() || plain[0] == '.') plain.insert(0, "_");
  if (plain == name) return plain;
  const std::string mark = fmt::format("~{:08x}", crc32c(std::as_bytes(std::span(name))));
  const size_t dot = has_image_extension(std::string(name)) ? name.rfind('.') : name.size();
  const std::string extension(name.substr(dot));
  if (plain.ends_with(extension)) plain.resize(plain.size() - extension.size());
  return plain + mark + extension;
}

std::string packed_path(const Dataset& data, int64_t index) {
  const std::string identity = data.class_name(data.label(index)), path = data.relative_path(index);
  const bool is_below = path.starts_with(identity + "/");
  const std::string_view file = std::string_view(path).substr(is_below ? identity.size() + 1 : path.rfind('/') + 1);
  return plain_name(identity) + "/" + plain_name(file);
}

const char* extension_of(ImageFormat format) {
  switch (format) {
    case ImageFormat::jpeg: return ".jpg";
    case ImageFormat::png: return ".png";
    case ImageFormat::bmp: return ".bmp";
    case ImageFormat::webp: return ".webp";
  }
  return "";
}

bool UniquePaths::insert(const std::string& path) {
  const std::hash<std::string> hash;
  if (has_image_extension(path)) return taken_.insert(hash(path)).second;
  for (const ImageFormat format : formats) {
    if (taken_.contains(hash(path + extension_of(format)))) return false;
  }
  for (const ImageFormat format : formats) taken_.insert(hash(path + extension_of(format)));
  return true;
}

std::string UniquePaths::take(const std::string& path, int64_t index) {
  if (insert(path)) return path;
  const size_t dot = has_image_extension(path) ? path.rfind('.') : path.size();
  for (int64_t attempt = 0;; ++attempt) {
    const std::string number = attempt == 0 ? fmt::format("_{}", index) : fmt::format("_{}_{}", index, attempt);
    std::string other = path.substr(0, dot) + number + path.substr(dot);
    if (insert(other)) return other;
  }
}

}  // namespace facerec
