// align.json, and what is counted for it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "recognize/align_journal.h"
#include "recognize/align_source.h"

namespace facerec {

// Counts records, which come in the order of the images.
class AlignTally {
 public:
  explicit AlignTally(int64_t first) : first_(first) {}
  void add(const ImageRecord& record);

  const AlignCounts& counts() const { return counts_; }
  bool has_crop(int64_t image) const { return has_crop_.at(static_cast<size_t>(image - first_)); }
  const std::vector<uint32_t>& without_crop() const { return without_crop_; }  // lines of the journal

 private:
  int64_t first_;  // image
  AlignCounts counts_;
  std::vector<bool> has_crop_;
  std::vector<uint32_t> without_crop_;
};

// `head`: what stands before the lists of images. The file is whole or absent, and is written line by line.
void write_align_summary(const fs::path& file, const nlohmann::ordered_json& head, const JournalLines& lines,
                         const AlignTally& tally);

// Whether it is there and a call of align has written it.
bool is_align_summary(const fs::path& file);

}  // namespace facerec
