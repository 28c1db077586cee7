// Where the images of one record file lie: found by one scan of the file, kept as a file of its own, mapped from then
// on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/data/problems.h"

namespace facerec {

class RecordIndex {
 public:
  virtual ~RecordIndex() = default;
  virtual int64_t size() const = 0;
  virtual uint64_t offset(int64_t i) const = 0;  // of the record in its file
  virtual uint32_t label(int64_t i) const = 0;   // as the file has it, 0 … 2^31 − 1
};

// Takes the images in the order of the set, while a file is scanned.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual void add(uint64_t offset, uint32_t label) = 0;
  // An image that cannot be used. `problem.name`: its part of the name alone, "#17", "" when it has none; the file's
  // path goes before it, wherever the file has been moved meanwhile.
  virtual void leave_out(BadInput problem) = 0;
};

// Where what is made of `file` may be kept, the best place first: beside it, and below cache_folder(). Both have the
// extension `suffix`.
std::vector<fs::path> places_beside(const fs::path& file, const std::string& suffix);

// The index of `files[0]`: the kept one, when it was made from `files` as they are now (size and time of change of
// each; all of them are what `scan` reads), else one that `scan` fills. A new one is kept as `files[0]`.facerec-index,
// or, where that folder takes no file, below cache_folder(); where that fails too it lives in memory alone.
// Opening a kept index reads it once and takes no memory of its own. `problems` gets what was left out, the kept ones
// too. A first scan is logged, with its time.
std::shared_ptr<const RecordIndex> open_record_index(const std::vector<fs::path>& files,
                                                     const std::function<void(RecordSink&)>& scan, Problems& problems);

// The labels of files as classes: 0 … C−1 in ascending order of the labels.
class ClassNumbers {
 public:
  explicit ClassNumbers(const std::vector<std::shared_ptr<const RecordIndex>>& indices);
  int64_t classes() const;
  int64_t class_of(uint32_t label) const;
  uint32_t label_of(int64_t class_number) const;

 private:
  std::vector<uint32_t> labels_;  // ascending; empty when they are 0 … count_ − 1 already
  int64_t count_ = 0;
};

}  // namespace facerec
