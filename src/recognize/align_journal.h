// The journal of an alignment: a line of JSON an image, in the order of the data set.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "facerec/core/files.h"
#include "recognize/align_record.h"

namespace facerec {

// What comes before the lines of the images in align.json, which are those of the journal.
inline constexpr std::string_view list_of_images = "\n  \"images\": [";

// The lines of a journal, as far as it is written (a killed process may have left the last one torn), or of align.json.
class JournalLines {
 public:
  explicit JournalLines(const fs::path& file);

  int64_t size() const { return static_cast<int64_t>(ends_.size()); }  // whole lines
  std::string_view line(int64_t i) const;
  ImageRecord record(int64_t i) const;  // throws Error naming file and line
  uint64_t bytes(int64_t lines) const;  // at which the first `lines` end

 private:
  fs::path path_;
  MappedFile file_;
  uint64_t begin_ = 0;          // of the first line
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
