#include <fmt/format.h>
#include <fnmatch.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "data/record_index.h"
#include "data/tfrecord.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "io/inflate.h"
#include "io/tf_record.h"

namespace facerec::tfrecord {
namespace {

constexpr std::string_view kept_mark = ".facerec-";
const char* const unpacked_suffix = ".facerec-unpacked";

bool matches(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

bool is_pattern(const fs::path& path) { return path.filename().string().find_first_of("*?[") != std::string::npos; }

template <class Wanted>
std::vector<fs::path> files_in(const fs::path& folder, Wanted wanted) {
  std::vector<fs::path> files;
  try {
    for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with('.') && wanted(name) && entry.is_regular_file()) files.push_back(folder / name);
    }
  } catch (const fs::filesystem_error& failure) {
    throw Error::usage("cannot be read: " + failure.code().message()).file(text_of(folder));
  }
  std::sort(files.begin(), files.end());
  return files;
}

// What an unpacked file was made from. It stands at its end, so that offsets in it are those of the records.
struct Source {
  std::array<char, 8> mark{'F', 'R', 'U', 'N', 'P', 'C', 'K', '1'};
  uint64_t size = 0;
  int64_t changed = 0;  // ns
  bool operator==(const Source&) const = default;
};
static_assert(sizeof(Source) == 24);

Source source_of(const fs::path& path) {
  std::error_code code;
  Source source;
  source.size = fs::file_size(path, code);
  if (code) throw Error("cannot be read: " + code.message()).file(text_of(path));
  const auto changed = fs::last_write_time(path, code).time_since_epoch();
  source.changed = std::chrono::duration_cast<std::chrono::nanoseconds>(changed).count();
  return source;
}

// Nothing when it is absent or made from something else.
Records open_unpacked(const fs::path& path, const Source& source) {
  std::error_code code;
  if (!fs::is_regular_file(path, code)) return {};
  auto file = std::make_unique<FileSource>(path);
  Source found;
  if (file->size() < sizeof found) return {};
  const uint64_t size = file->size() - sizeof found;
  file->read(size, std::as_writable_bytes(std::span(&found, 1)));
  if (found != source) return {};
  return {std::move(file), size};
}

// Writes what `packed` unpacks to. False when the place does not take it.
bool unpack(const ByteSource& packed, const Source& source, const fs::path& place) {
  std::optional<AtomicFile> file;
  const auto stored = [&](auto work) {
    try {
      work();
      return true;
    } catch (const Error& error) {
      spdlog::warn("{}", error.what());
      return false;
    }
  };
  std::error_code ignored;
  if (place.has_parent_path()) fs::create_directories(place.parent_path(), ignored);
  if (!stored([&] { file.emplace(place); })) return false;
  Inflater inflater(packed);
  TfRecordStream records;
  for (auto piece = inflater.next(); !piece.empty(); piece = inflater.next()) {
    records.take(piece);
    if (!stored([&] { file->write(piece); })) return false;
  }
  records.finish();
  return stored([&] {
    file->write(std::as_bytes(std::span(&source, 1)));
    file->commit();
  });
}

Records unpack(const fs::path& path, const ByteSource& packed, const Source& source) {
  for (const fs::path& place : places_beside(path, unpacked_suffix)) {
    spdlog::info("{}: unpacks it into {}, once", text_of(path), text_of(place));
    if (!unpack(packed, source, place)) continue;
    if (source_of(path) != source) throw Error("changed while it was unpacked");
    if (Records records = open_unpacked(place, source); records.file) return records;
  }
  throw Error("is compressed, and there is no place to unpack it").hint("free some space, or unpack it by hand");
}

Records open_any(const fs::path& path) {
  const Source source = source_of(path);
  auto file = std::make_unique<FileSource>(path);
  const uint64_t size = file->size();
  std::vector<std::byte> first(std::min(size, tf_record_head));
  file->read(0, first);
  if (begins_tf_record(first) || !is_deflated(first)) return {std::move(file), size};
  for (const fs::path& place : places_beside(path, unpacked_suffix)) {
    if (Records records = open_unpacked(place, source); records.file) return records;
  }
  return unpack(path, *file, source);
}

}  // namespace

bool is_record_name(const fs::path& path) {
  const std::string name = lower(path.filename().string());
  const auto patterns = {"*.tfrecord", "*.tfrecords", "*.tfrecord.gz", "*.tfrecords.gz", "*.tfrecord-*-of-*[0-9]"};
  return std::any_of(patterns.begin(), patterns.end(), [&](const char* pattern) { return matches(pattern, name); });
}

std::vector<fs::path> record_files(const fs::path& path) {
  std::error_code code;
  if (fs::is_regular_file(path, code)) return {path};
  if (fs::is_directory(path, code)) return files_in(path, is_record_name);
  if (!is_pattern(path) || !fs::is_directory(path.has_parent_path() ? path.parent_path() : ".", code)) return {};
  const std::string pattern = path.filename().string();
  return files_in(path.parent_path(), [&](const std::string& name) {
    return matches(pattern, name) && name.find(kept_mark) == std::string::npos;
  });
}

Records open_records(const fs::path& path) {
  try {
    Records records = open_any(path);
    if (records.size == 0) throw Error("holds no records");
    return records;
  } catch (Error& error) {
    if (!error.file().empty()) throw;
    throw std::move(error).file(text_of(path));
  }
}

}  // namespace facerec::tfrecord
