// What a RecordIO set holds: the keys of its .idx, and one pass over its .rec.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "data/record_index.h"
#include "io/byte_source.h"

namespace facerec {

// The files of a set; "" for what it lacks.
struct RecordPaths {
  fs::path records;   // train.rec
  fs::path index;     // train.idx, one line a record: key, tab, offset
  fs::path property;  // "classes,height,width", and perhaps a second line with the number of images
  fs::path list;      // train.lst
};

struct RecordProperty {
  int64_t classes = 0;  // 1 … 2^31
  int height = 0, width = 0;
};

// Throws Error, without a file.
RecordProperty parse_record_property(std::string_view text);

struct RecordKey {
  uint64_t key = 0, offset = 0;
};

struct RecordKeys {
  // In the order of the set: that of the file, or, with `ranges`, by key and without key 0.
  std::vector<RecordKey> keys;
  // What InsightFace's key 0 tells: images are the keys from 1 to before the first number, records of identities those
  // from there to before the second. Both are float32, exact up to 2^24.
  std::optional<std::array<float, 2>> ranges;
};

// The lines of a .idx, for a .rec of `size` bytes. Throws Error naming the .idx when a line is wrong, a key or a place
// comes twice, or a place lies behind the end.
std::vector<RecordKey> parse_record_keys(std::string_view text, uint64_t size, const RecordPaths& paths);

// What they mean. Throws Error naming the .rec when key 0 is damaged.
RecordKeys order_record_keys(std::vector<RecordKey> keys, const ByteSource& records, const RecordPaths& paths);

// Gives all images to `sink`: as the keys tell, or, without any, in the order of the file. Single faulty records are
// left out; without keys only those whose end can be found. What else is wrong is thrown, naming a file.
void scan_records(const ByteSource& records, const RecordPaths& paths, const RecordKeys& keys,
                  const std::optional<RecordProperty>& property, RecordSink& sink);

// The label in a record's header as a number. Throws Error when it is none, or none of 0 … 2^31 − 1.
uint32_t label_of(float label);

}  // namespace facerec
