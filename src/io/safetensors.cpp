#include "facerec/io/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "io/parse.h"

namespace facerec {
namespace {

using nlohmann::json;

constexpr uint64_t max_header = 100'000'000;  // the reference implementation's limit

Error bad_safetensors(const std::string& what) { return Error("not a valid safetensors file: " + what); }

// nlohmann keeps the last of two equal keys; the format forbids them. Only names at the top can hide a tensor.
json parse_header(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  std::string duplicate;
  auto watch = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > 8) throw bad_safetensors("the header is nested too deeply");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      duplicate = value.get<std::string>();
    }
    return true;
  };
  json header;
  try {
    header = json::parse(text, watch);
  } catch (const json::exception& failure) {
    const std::string_view what = failure.what();  // "[json.exception.…] message", with bytes of the file
    throw bad_safetensors("the header is not JSON: " + printable(what.substr(what.find(']') + 2), 200));
  }
  if (!header.is_object()) throw bad_safetensors("the header is not a JSON object");
  if (!duplicate.empty()) throw bad_safetensors("'" + printable(duplicate) + "' occurs twice in the header");
  return header;
}

std::optional<uint64_t> byte_count(const TensorView& view) {
  uint64_t count = dtype_size(view.dtype);
  for (int64_t extent : view.shape) {
    if (extent < 0 || __builtin_mul_overflow(count, static_cast<uint64_t>(extent), &count)) return std::nullopt;
  }
  return count;
}

struct Range {
  uint64_t begin, end;
};

Range parse_tensor(const std::string& name, const json& entry, TensorView& view) {
  auto unsigned_list = [&](const char* key) {
    const auto found = entry.find(key);
    if (found == entry.end() || !found->is_array())
      throw bad_safetensors("'" + printable(name) + "' has no list '" + key + "'");
    std::vector<uint64_t> values;
    for (const json& value : *found) {
      if (!value.is_number_unsigned())
        throw bad_safetensors("'" + printable(name) + "': '" + key + "' holds something other than sizes");
      values.push_back(value.get<uint64_t>());
    }
    return values;
  };
  if (!entry.is_object()) throw bad_safetensors("'" + printable(name) + "' is not described by an object");
  const auto dtype = entry.find("dtype");
  if (dtype == entry.end() || !dtype->is_string()) throw bad_safetensors("'" + printable(name) + "' has no dtype");
  view.dtype = dtype->get<std::string>();
  if (dtype_size(view.dtype) == 0)
    throw bad_safetensors("'" + printable(name) + "' has the unknown dtype '" + printable(view.dtype) + "'");
  for (uint64_t extent : unsigned_list("shape")) {
    if (extent > INT64_MAX) throw bad_safetensors("'" + printable(name) + "' has an impossible shape");
    view.shape.push_back(static_cast<int64_t>(extent));
  }
  const std::vector<uint64_t> offsets = unsigned_list("data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1])
    throw bad_safetensors("'" + printable(name) + "' has bad data_offsets");
  if (byte_count(view) != offsets[1] - offsets[0])
    throw bad_safetensors("'" + printable(name) + "': shape and data_offsets do not agree");
  return {offsets[0], offsets[1]};
}

}  // namespace

size_t dtype_size(const std::string& dtype) {
  static const std::map<std::string, size_t> sizes{
      {"C128", 16}, {"F64", 8},     {"I64", 8},     {"U64", 8},     {"C64", 8},         {"F32", 4},        {"I32", 4},
      {"U32", 4},   {"F16", 2},     {"BF16", 2},    {"I16", 2},     {"U16", 2},         {"I8", 1},         {"U8", 1},
      {"BOOL", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"F8_E8M0", 1}, {"F8_E4M3FNUZ", 1}, {"F8_E5M2FNUZ", 1}};
  const auto found = sizes.find(dtype);
  return found == sizes.end() ? 0 : found->second;
}

SafetensorsContent parse_safetensors(std::span<const std::byte> bytes) {
  SafetensorsContent content;
  uint64_t length = 0;
  if (bytes.size() < sizeof length) throw bad_safetensors("shorter than its header");
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > max_header || length > bytes.size() - sizeof length)
    throw bad_safetensors("the header is longer than the file or 100 MB");
  const json header = parse_header({reinterpret_cast<const char*>(bytes.data()) + sizeof length, length});
  const std::span<const std::byte> data = bytes.subspan(sizeof length + length);

  std::vector<Range> ranges;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object()) throw bad_safetensors("__metadata__ is not an object");
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) throw bad_safetensors("__metadata__ '" + printable(key) + "' is not a string");
        content.metadata[key] = value.get<std::string>();
      }
      continue;
    }
    TensorView view;
    const Range range = parse_tensor(name, entry, view);
    if (range.end > data.size()) throw bad_safetensors("'" + printable(name) + "' lies beyond the end of the file");
    view.bytes = data.subspan(range.begin, range.end - range.begin);
    ranges.push_back(range);
    content.tensors.emplace(name, std::move(view));
  }
  std::sort(ranges.begin(), ranges.end(),
            [](Range a, Range b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  uint64_t covered = 0;
  for (const Range& range : ranges) {
    if (range.begin != covered) throw bad_safetensors("the tensors overlap or leave holes");
    covered = range.end;
  }
  if (covered != data.size()) throw bad_safetensors("bytes follow the last tensor");
  return content;
}

SafetensorsFile::SafetensorsFile(const fs::path& path) : path_(path), file_(path) {
  try {
    SafetensorsContent content = parse_safetensors(file_.bytes());
    tensors_ = std::move(content.tensors);
    metadata_ = std::move(content.metadata);
  } catch (Error& error) {
    throw std::move(error).file(text_of(path));
  }
}

const TensorView& SafetensorsFile::at(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw Error("has no tensor '" + name + "'").file(text_of(path_));
  return found->second;
}

std::string safetensors_header(std::span<const TensorPlace> places, const Metadata& metadata, size_t length) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  for (const TensorPlace& place : places) {
    header[place.name] = {{"dtype", place.dtype}, {"shape", place.shape}, {"data_offsets", {place.begin, place.end}}};
  }
  std::string text = header.dump();
  text.resize(std::max((text.size() + 7) / 8 * 8, length), ' ');  // the data starts aligned to 8 bytes
  const uint64_t size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + text;
}

void write_safetensors(const fs::path& path, std::span<const NamedTensor> tensors, const Metadata& metadata) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : tensors) {
    if (byte_count(tensor.view) != tensor.view.bytes.size())
      throw Error("tensor '" + tensor.name + "' has a wrong size").file(text_of(path));
    order.push_back(&tensor);
  }
  std::stable_sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
    return dtype_size(a->view.dtype) > dtype_size(b->view.dtype);
  });
  std::vector<TensorPlace> places;
  std::set<std::string> names;
  uint64_t offset = 0;
  for (const NamedTensor* tensor : order) {
    if (!names.insert(tensor->name).second)
      throw Error("tensor '" + tensor->name + "' occurs twice").file(text_of(path));
    const uint64_t end = offset + tensor->view.bytes.size();
    places.push_back({tensor->name, tensor->view.dtype, tensor->view.shape, offset, end});
    offset = end;
  }
  AtomicFile file(path);
  file.write(safetensors_header(places, metadata));
  for (const NamedTensor* tensor : order) file.write(tensor->view.bytes);
  file.commit();
}

}  // namespace facerec
