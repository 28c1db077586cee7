// The journal of an alignment: a line of JSON an image, in the order of the data set.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "facerec/core/files.h"
#include "recognize/align_record.h"

namespace facerec {

// What is written so far. A killed process may have left the last line torn.
class JournalLines {
 public:
  explicit JournalLines(const fs::path& file);

  int64_t size() const { return static_cast<int64_t>(ends_.size()); }  // whole lines
  std::string_view line(int64_t i) const;
  ImageRecord record(int64_t i) const;  // throws Error naming file and line
  uint64_t bytes(int64_t lines) const;  // that the first `lines` take

 private:
  fs::path path_;
  MappedFile file_;
  std::vector<uint64_t> ends_;  // behind each line's \n
};

class JournalWriter {
 public:
  // Keeps the first `bytes` of what is there.
  JournalWriter(const fs::path& file, uint64_t bytes);

  // Kept in memory until sync(): what the journal tells of must be on the disk before it.
  void append(const ImageRecord& record) { (lines_ += to_line(record)) += '\n'; }
  void sync();

 private:
  GrowingFile file_;
  std::string lines_;
};

}  // namespace facerec
