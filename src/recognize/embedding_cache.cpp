#include "facerec/recognize/embedding_cache.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/io/safetensors.h"
#include "facerec/io/sha256.h"

namespace facerec {
namespace {

constexpr const char* form = "1";  // of the files; a change makes all that are there useless

std::string digest_of(const Dataset& images, int64_t index) {
  Sha256 digest;
  try {
    const Sample sample = images.read(index);
    digest.add(sample.encoded);
    if (sample.encoded.empty()) {
      digest.add(std::to_string(sample.pixels.width) + "x");
      digest.add(std::as_bytes(std::span(sample.pixels.rgb)));
    }
  } catch (const Error&) {
    digest.add("cannot be read");
  }
  return digest.hex();
}

template <class Value>
NamedTensor tensor_of(const char* name, const char* dtype, std::vector<int64_t> shape,
                      const std::vector<Value>& values) {
  return {name, {dtype, std::move(shape), std::as_bytes(std::span(values))}};
}

template <class Value>
std::vector<Value> values_of(const SafetensorsFile& file, const char* name, const char* dtype) {
  const TensorView& view = file.at(name);
  if (view.dtype != dtype) throw Error("is of another form").file(text_of(file.path()));
  std::vector<Value> values(view.bytes.size() / sizeof(Value));
  if (!values.empty()) std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
  return values;
}

CachedEmbeddings read(const SafetensorsFile& file) {
  CachedEmbeddings cached;
  ImageEmbeddings& found = cached.embeddings;
  const std::vector<int64_t>& shape = file.at("original").shape;
  if (shape.size() != 2) throw Error("is of another form").file(text_of(file.path()));
  found.dimension = static_cast<size_t>(shape[1]);
  found.original = values_of<float>(file, "original", "F32");
  if (file.tensors().contains("flipped")) found.flipped = values_of<float>(file, "flipped", "F32");
  found.broken = values_of<int64_t>(file, "broken", "I64");
  cached.centred = nlohmann::json::parse(file.metadata().at("centred")).get<std::vector<std::string>>();
  return cached;
}

// Removes the least recently used files until the others take no more than `limit`.
void prune(const fs::path& folder, uint64_t limit) {
  struct Entry {
    fs::file_time_type used;
    uint64_t size;
    fs::path path;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  std::error_code code;
  for (auto entry = fs::directory_iterator(folder, code); !code && entry != fs::directory_iterator();
       entry.increment(code)) {
    std::error_code gone;
    if (entry->path().extension() != ".safetensors") continue;
    entries.push_back({entry->last_write_time(gone), entry->file_size(gone), entry->path()});
    if (gone) entries.back().size = 0;
    total += entries.back().size;
  }
  std::ranges::sort(entries, {}, &Entry::used);
  for (const Entry& entry : entries) {
    if (total <= limit) return;
    if (fs::remove(entry.path, code)) total -= entry.size;
  }
}

fs::path file_of(const fs::path& folder, const nlohmann::ordered_json& made_of) {
  Sha256 digest;
  digest.add(made_of.dump());
  return folder / (digest.hex() + ".safetensors");
}

}  // namespace

std::string content_identity(const Dataset& images, int threads) {
  std::vector<std::string> digests(static_cast<size_t>(images.size()));
  parallel_for(images.size(), threads,
               [&](int64_t index) { digests[static_cast<size_t>(index)] = digest_of(images, index); });
  Sha256 all;
  for (const std::string& digest : digests) all.add(digest);
  return all.hex();
}

EmbeddingCache::EmbeddingCache(fs::path folder, uint64_t limit) : folder_(std::move(folder)), limit_(limit) {}

std::optional<CachedEmbeddings> EmbeddingCache::find(const nlohmann::ordered_json& made_of) const {
  const fs::path path = file_of(folder_, made_of);
  std::error_code code;
  if (folder_.empty() || !fs::exists(path, code)) return std::nullopt;
  try {
    const SafetensorsFile file(path);
    const auto said = file.metadata().find("made_of");
    const auto its_form = file.metadata().find("form");
    if (said == file.metadata().end() || said->second != made_of.dump()) return std::nullopt;
    if (its_form == file.metadata().end() || its_form->second != form) return std::nullopt;
    CachedEmbeddings found = read(file);
    fs::last_write_time(path, fs::file_time_type::clock::now(), code);  // for prune()
    return found;
  } catch (const std::exception&) {  // damaged, or of another form
    return std::nullopt;
  }
}

bool EmbeddingCache::keep(const nlohmann::ordered_json& made_of, const CachedEmbeddings& found) const {
  const ImageEmbeddings& embeddings = found.embeddings;
  if (folder_.empty() || embeddings.dimension == 0) return false;
  const auto columns = static_cast<int64_t>(embeddings.dimension);
  const std::vector<int64_t> shape{static_cast<int64_t>(embeddings.original.size()) / columns, columns};
  std::vector<NamedTensor> tensors{
      tensor_of("original", "F32", shape, embeddings.original),
      tensor_of("broken", "I64", {static_cast<int64_t>(embeddings.broken.size())}, embeddings.broken)};
  if (!embeddings.flipped.empty()) tensors.push_back(tensor_of("flipped", "F32", shape, embeddings.flipped));
  try {
    make_folder(folder_);
    write_safetensors(file_of(folder_, made_of), tensors,
                      {{"made_of", made_of.dump()}, {"form", form}, {"centred", nlohmann::json(found.centred).dump()}});
    prune(folder_, limit_);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace facerec
