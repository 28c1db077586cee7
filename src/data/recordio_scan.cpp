#include "data/recordio_scan.h"

#include <fmt/format.h>

#include <algorithm>

#include "facerec/core/error.h"
#include "io/recordio.h"

namespace facerec {
namespace {

constexpr float exact_floats = 0x1p24F;  // whole numbers up to here are float32

class Scanner {
 public:
  Scanner(const ByteSource& records, const RecordPaths& paths, const std::optional<RecordProperty>& property,
          RecordSink& sink)
      : records_(records), path_(text_of(paths.records)), paths_(paths), property_(property), sink_(sink) {}

  void in_file_order() {
    for (uint64_t offset = 0; offset < records_.size();) {
      const RecordPlace place = measure(offset);
      try {
        if (!place.whole) throw cut_off();
        const RecordHeader header = parse_record_header(head_, place.size);
        if (!header.is_range()) add(offset, header);
      } catch (Error& error) {
        if (!error.file().empty()) throw;
        sink_.leave_out({"", fmt::format("{} (byte {})", error.message(), offset)});
      }
      offset = place.end;
    }
  }

  void by_keys(const std::vector<RecordKey>& keys) {
    last_offset_ = std::ranges::max(keys, {}, &RecordKey::offset).offset;
    for (const RecordKey& key : keys) add_image(key);
  }

  void by_ranges(const std::vector<RecordKey>& keys, std::array<float, 2> ranges) {
    const auto [first, last] = ranges;
    if (!keys.empty()) last_offset_ = std::ranges::max(keys, {}, &RecordKey::offset).offset;
    const uint64_t end = check_keys(keys, last);
    uint64_t identities = 0;  // the key of the first, once it is known
    for (const RecordKey& key : keys) {
      if (key.key >= end) {
        sink_.leave_out({fmt::format("#{}", key.key), "its key is in none of the ranges that key 0 tells of"});
        continue;
      }
      if (identities == 0 && is_first_identity(key, first)) identities = key.key;
      if (identities == 0) {
        add_image(key);
      } else {
        with_header(key, [&](const RecordHeader& header) { check_identity(key, header, identities); });
      }
    }
  }

 private:
  Error cut_off() const { return Error("was cut off: it ends within a record").file(path_).offset(records_.size()); }

  // Fills head_; throws what names the file.
  RecordPlace measure(uint64_t offset) try { return measure_record(records_, offset, head_); } catch (Error& error) {
    if (!error.file().empty()) throw;
    throw std::move(error).file(path_);
  }

  RecordHeader header_at(uint64_t offset) {
    const RecordPlace place = measure_record(records_, offset, head_);
    if (!place.whole && offset == last_offset_) throw cut_off();
    if (!place.whole) throw Error("the file ends before the record does");
    return parse_record_header(head_, place.size);
  }

  // Does `work` with the header of the record; what is wrong with that one record leaves it out.
  template <class Work>
  void with_header(const RecordKey& key, Work work) try {
    work(header_at(key.offset));
  } catch (Error& error) {
    if (!error.file().empty()) throw;
    sink_.leave_out({fmt::format("#{}", key.key),
                     fmt::format("{} (byte {})", error.message(), error.offset().value_or(key.offset))});
  }

  void add_image(const RecordKey& key) {
    with_header(key, [&](const RecordHeader& header) { add(key.offset, header); });
  }

  void add(uint64_t offset, const RecordHeader& header) {
    if (header.image_size == 0) throw Error("the record has no image");
    const uint32_t label = label_of(header.label[0]);
    if (property_ && label >= property_->classes) {
      throw Error(fmt::format("tells of {} classes, but the record at byte {} of {} has the label {}",
                              property_->classes, offset, path_, label))
          .file(text_of(paths_.property));
    }
    sink_.add(offset, label);
  }

  // The key behind the last one that key 0 ranges over; all before it are there.
  uint64_t check_keys(const std::vector<RecordKey>& keys, float last) const {
    // float32 cannot tell all numbers above 2^24: the keys know better.
    const uint64_t all = keys.size() + 1, end = static_cast<float>(all) == last ? all : static_cast<uint64_t>(last);
    for (uint64_t i = 1; i < end; ++i) {
      if (i <= keys.size() && keys[i - 1].key == i) continue;
      throw Error(fmt::format("has no key {}, but the record of key 0 tells of keys from 1 to {}", i, end - 1))
          .file(text_of(paths_.index))
          .hint("the .idx is damaged or that of another .rec");
    }
    return end;
  }

  bool is_first_identity(const RecordKey& key, float first) {
    const auto number = static_cast<float>(key.key);
    if (number != first || first < exact_floats) return number >= first;
    // One of those that float32 does not tell apart: an image has bytes of an image.
    try {
      return header_at(key.offset).is_range();
    } catch (const Error& error) {
      if (!error.file().empty()) throw;
      return false;
    }
  }

  // `end`: the key behind those of the images.
  void check_identity(const RecordKey& key, const RecordHeader& header, uint64_t end) const {
    const auto [from, to] = header.label;
    if (header.is_range() && from >= 1 && from <= to && to <= static_cast<float>(end)) return;
    throw Error(fmt::format("the record of key {} must tell a range of the keys of images, 1 to {}", key.key, end - 1))
        .file(path_)
        .offset(key.offset);
  }

  const ByteSource& records_;
  const std::string path_;
  const RecordPaths& paths_;
  const std::optional<RecordProperty>& property_;
  RecordSink& sink_;
  uint64_t last_offset_ = 0;  // of the record behind which there is none
  std::array<std::byte, record_head_size> head_{};
};

}  // namespace

void scan_records(const ByteSource& records, const RecordPaths& paths, const RecordKeys& keys,
                  const std::optional<RecordProperty>& property, RecordSink& sink) {
  Scanner scanner(records, paths, property, sink);
  if (keys.ranges) {
    scanner.by_ranges(keys.keys, *keys.ranges);
  } else if (!keys.keys.empty()) {
    scanner.by_keys(keys.keys);
  } else {
    scanner.in_file_order();
  }
}

}  // namespace facerec
