#include "data/record_index.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "facerec/core/cache.h"
#include "facerec/core/error.h"
#include "io/crc32c.h"

// A kept index, little-endian:
//
//   8 bytes         mark, with the version of this form
//   12 bytes each   the images: u64 offset, u32 label
//   JSON            {"files": [[size, time of change in ns], …], "problems": how many, "list": [["#17", reason], …]}
//   u32             bytes of the JSON
//   u32             CRC-32C of all before
namespace facerec {
namespace {

using nlohmann::json;

constexpr std::string_view mark = "FRINDEX\x02";
const char* const kept_suffix = ".facerec-index";
constexpr uint64_t entry_size = 12, end_size = 8;
constexpr uint64_t index_block = entry_size << 16;    // read and written at once
constexpr uint64_t longest_text = uint64_t{1} << 24;  // bytes of JSON; 1,000 problems take less
constexpr int64_t most_problems = int64_t{1} << 32;   // more are told by no index of ours
constexpr uint32_t largest_label = (uint32_t{1} << 31) - 1;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

uint32_t number_at(std::span<const std::byte> bytes, uint64_t place) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + place, sizeof value);
  return value;
}

json fingerprint_of(const std::vector<fs::path>& files) {
  json all = json::array();
  for (const fs::path& file : files) {
    std::error_code code;
    const uint64_t size = fs::file_size(file, code);
    if (code) throw Error("cannot be read: " + code.message()).file(text_of(file));
    const auto changed = fs::last_write_time(file, code).time_since_epoch();
    all.push_back({size, std::chrono::duration_cast<std::chrono::nanoseconds>(changed).count()});
  }
  return all;
}

// The entries, mapped from a file or in memory.
class PackedIndex : public RecordIndex {
 public:
  PackedIndex(std::unique_ptr<MappedFile> file, std::span<const std::byte> entries)
      : file_(std::move(file)), entries_(entries) {}
  explicit PackedIndex(std::vector<std::byte> memory) : memory_(std::move(memory)), entries_(memory_) {}

  int64_t size() const override { return static_cast<int64_t>(entries_.size() / entry_size); }
  uint64_t offset(int64_t i) const override {
    uint64_t value = 0;
    std::memcpy(&value, entries_.data() + static_cast<uint64_t>(i) * entry_size, sizeof value);
    return value;
  }
  uint32_t label(int64_t i) const override { return number_at(entries_, static_cast<uint64_t>(i) * entry_size + 8); }

 private:
  std::unique_ptr<MappedFile> file_;
  std::vector<std::byte> memory_;
  std::span<const std::byte> entries_;
};

// What an index says beside its entries.
struct Told {
  int64_t problems = 0;
  std::vector<BadInput> list;  // the first Problems::listed; their names without the file's path
};

BadInput with_path(const fs::path& file, const BadInput& problem) {
  return {text_of(file) + problem.name, problem.reason};
}

json to_json(const Told& told, const json& fingerprint) {
  json list = json::array();
  for (const BadInput& problem : told.list) list.push_back({problem.name, problem.reason});
  return {{"files", fingerprint}, {"problems", told.problems}, {"list", list}};
}

void report(const Told& told, const fs::path& file, Problems& problems) {
  for (const BadInput& problem : told.list) problems.add(with_path(file, problem));
  // Beyond what is listed only their number counts.
  for (auto i = static_cast<int64_t>(told.list.size()); i < told.problems; ++i) problems.add({});
}

// One pass over all but the last number. Offsets are checked when a record is read, which its file may have changed
// before.
bool is_sound(const MappedFile& file, std::span<const std::byte> entries) {
  const std::span<const std::byte> all = file.bytes();
  uint32_t crc = crc32c(all.first(mark.size()));
  for (uint64_t begin = 0; begin < entries.size(); begin += index_block) {
    const auto part = entries.subspan(begin, std::min(index_block, entries.size() - begin));
    crc = crc32c(part, crc);
    uint32_t seen = 0;
    for (uint64_t i = 0; i < part.size(); i += entry_size) seen |= number_at(part, i + 8);
    if (seen > largest_label) return false;
    file.drop_pages(part);
  }
  const uint64_t done = mark.size() + entries.size();
  return crc32c(all.subspan(done, all.size() - done - sizeof crc), crc) == number_at(all, all.size() - sizeof crc);
}

std::optional<Told> read_told(std::span<const std::byte> text, const json& fingerprint) {
  try {
    const char* begin = reinterpret_cast<const char*>(text.data());
    const json told = json::parse(begin, begin + text.size());
    if (told.at("files") != fingerprint) return {};
    Told result{.problems = told.at("problems"), .list = {}};
    for (const json& problem : told.at("list")) result.list.push_back({problem.at(0), problem.at(1)});
    const auto listed = static_cast<int64_t>(result.list.size());
    if (result.problems < listed || result.problems > most_problems) return {};
    return result;
  } catch (const json::exception&) {
    return {};
  }
}

// The index kept at `path`; null when there is none that fits.
std::shared_ptr<const RecordIndex> open_kept(const fs::path& path, const json& fingerprint, Told& told) {
  std::error_code code;
  if (!fs::is_regular_file(path, code)) return nullptr;
  std::unique_ptr<MappedFile> file;
  try {
    file = std::make_unique<MappedFile>(path);
  } catch (const Error&) {
    return nullptr;
  }
  const std::span<const std::byte> all = file->bytes();
  if (all.size() < mark.size() + end_size || std::memcmp(all.data(), mark.data(), mark.size()) != 0) return nullptr;
  const uint64_t text = number_at(all, all.size() - end_size), content = all.size() - mark.size() - end_size;
  if (text > std::min(content, longest_text) || (content - text) % entry_size != 0) return nullptr;
  const auto entries = all.subspan(mark.size(), content - text);
  std::optional<Told> found = read_told(all.subspan(mark.size() + entries.size(), text), fingerprint);
  if (!found || !is_sound(*file, entries)) return nullptr;
  told = std::move(*found);
  return std::make_shared<PackedIndex>(std::move(file), entries);
}

// The place took no file, or not all of it.
struct StoreFailed {};

// Puts what a scan finds into a file, or into memory.
class IndexWriter : public RecordSink {
 public:
  // `told` outlives the writer; what it counts already is not told to `problems` again.
  IndexWriter(AtomicFile* file, const fs::path& records, Told& told, Problems& problems)
      : file_(file), records_(records), told_(told), problems_(problems) {
    if (file_ != nullptr) write(bytes_of(mark));
  }

  void add(uint64_t offset, uint32_t label) override {
    if (label > largest_label) throw Error(fmt::format("the label {} is above 2^31 − 1", label)).offset(offset);
    const size_t end = pending_.size();
    pending_.resize(end + entry_size);
    std::memcpy(pending_.data() + end, &offset, sizeof offset);
    std::memcpy(pending_.data() + end + sizeof offset, &label, sizeof label);
    if (file_ != nullptr && pending_.size() >= index_block) flush();
  }

  void leave_out(BadInput problem) override {
    if (++left_out_ <= told_.problems) return;
    problems_.add(with_path(records_, problem));
    ++told_.problems;
    if (told_.list.size() < Problems::listed) told_.list.push_back(std::move(problem));
  }

  void finish(const json& fingerprint) {
    flush();
    const std::string text = to_json(told_, fingerprint).dump(-1, ' ', false, json::error_handler_t::replace);
    write(bytes_of(text));
    const auto size = static_cast<uint32_t>(text.size());
    write(std::as_bytes(std::span(&size, 1)));
    const uint32_t crc = crc_;
    write(std::as_bytes(std::span(&crc, 1)));
    try {
      file_->commit();
    } catch (const Error&) {
      throw StoreFailed();
    }
  }

  std::vector<std::byte> take() { return std::move(pending_); }

 private:
  void flush() {
    write(pending_);
    pending_.clear();
  }

  void write(std::span<const std::byte> bytes) {
    crc_ = crc32c(bytes, crc_);
    try {
      file_->write(bytes);
    } catch (const Error&) {
      throw StoreFailed();
    }
  }

  AtomicFile* file_;  // null: memory
  fs::path records_;
  Told& told_;
  Problems& problems_;
  std::vector<std::byte> pending_;
  uint32_t crc_ = 0;
  int64_t left_out_ = 0;
};

using Scan = std::function<void(RecordSink&)>;

bool keep(const fs::path& place, const fs::path& records, const json& fingerprint, const Scan& scan, Told& told,
          Problems& problems) {
  try {
    std::error_code ignored;
    if (place.has_parent_path()) fs::create_directories(place.parent_path(), ignored);
    std::optional<AtomicFile> file;
    try {
      file.emplace(place);
    } catch (const Error&) {
      return false;
    }
    IndexWriter writer(&*file, records, told, problems);
    scan(writer);
    writer.finish(fingerprint);
    return true;
  } catch (const StoreFailed&) {
    return false;
  }
}

std::shared_ptr<const RecordIndex> make_index(const std::vector<fs::path>& files, const json& fingerprint,
                                              const Scan& scan, Problems& problems) {
  Told told, kept;
  for (const fs::path& place : places_beside(files.at(0), kept_suffix)) {
    if (!keep(place, files.at(0), fingerprint, scan, told, problems)) continue;
    if (auto index = open_kept(place, fingerprint, kept)) return index;
  }
  spdlog::warn("{}: its index cannot be kept beside it nor in the cache, so every start reads the file again",
               text_of(files.at(0)));
  IndexWriter writer(nullptr, files.at(0), told, problems);
  scan(writer);
  return std::make_shared<PackedIndex>(writer.take());
}

}  // namespace

std::vector<fs::path> places_beside(const fs::path& file, const std::string& suffix) {
  std::vector<fs::path> all{text_of(file) + suffix};
  const fs::path folder = cache_folder();
  if (folder.empty()) return all;
  // Two files with one checksum of their paths take turns: the fingerprint tells them apart.
  std::error_code ignored;
  const std::string path = text_of(fs::absolute(file, ignored).lexically_normal());
  all.push_back(folder / fmt::format("{:08x}{}", crc32c(bytes_of(path)), suffix));
  return all;
}

std::shared_ptr<const RecordIndex> open_record_index(const std::vector<fs::path>& files, const Scan& scan,
                                                     Problems& problems) {
  const json fingerprint = fingerprint_of(files);
  for (const fs::path& place : places_beside(files.at(0), kept_suffix)) {
    Told told;
    if (auto index = open_kept(place, fingerprint, told)) {
      report(told, files.at(0), problems);
      return index;
    }
  }
  const auto begin = std::chrono::steady_clock::now();
  constexpr uint64_t large = uint64_t{1} << 30;  // that takes long enough to wonder
  if (fs::file_size(files.at(0)) > large) {
    spdlog::info("{}: is read once, to find its images", text_of(files.at(0)));
  }
  auto index = make_index(files, fingerprint, scan, problems);
  // Its fingerprint is that of before, so that what was kept is not taken up either.
  if (fingerprint_of(files) != fingerprint) throw Error("changed while it was read").file(text_of(files.at(0)));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  spdlog::info("{}: {} images indexed in {:.1f} s", text_of(files.at(0)), index->size(), seconds);
  return index;
}

ClassNumbers::ClassNumbers(const std::vector<std::shared_ptr<const RecordIndex>>& indices) {
  uint64_t images = 0, values = 0;  // labels are below `values`
  for (const auto& index : indices) {
    images += static_cast<uint64_t>(index->size());
    for (int64_t i = 0; i < index->size(); ++i) values = std::max(values, uint64_t{index->label(i)} + 1);
  }
  const auto each = [&](auto take) {
    for (const auto& index : indices) {
      for (int64_t i = 0; i < index->size(); ++i) take(index->label(i));
    }
  };
  // Either way it takes at most 4 bytes an image.
  if (values / 32 <= images) {
    std::vector<bool> used(values);
    each([&](uint32_t label) { used[label] = true; });
    for (uint64_t label = 0; label < values; ++label) {
      if (used[label]) labels_.push_back(static_cast<uint32_t>(label));
    }
  } else {
    labels_.reserve(images);
    each([&](uint32_t label) { labels_.push_back(label); });
    std::sort(labels_.begin(), labels_.end());
    labels_.erase(std::unique(labels_.begin(), labels_.end()), labels_.end());
  }
  count_ = static_cast<int64_t>(labels_.size());
  if (values == labels_.size()) labels_.clear();
  labels_.shrink_to_fit();
}

int64_t ClassNumbers::classes() const { return count_; }

int64_t ClassNumbers::class_of(uint32_t label) const {
  if (labels_.empty()) return label;
  return std::lower_bound(labels_.begin(), labels_.end(), label) - labels_.begin();
}

uint32_t ClassNumbers::label_of(int64_t class_number) const {
  return labels_.empty() ? static_cast<uint32_t>(class_number) : labels_.at(static_cast<size_t>(class_number));
}

}  // namespace facerec
