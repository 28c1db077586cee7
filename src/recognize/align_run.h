// The first pass of an alignment: faces found, crops written where they stand as files, all of it told in the journal.
#pragma once

#include <functional>
#include <memory>

#include "recognize/align_journal.h"
#include "recognize/align_summary.h"
#include "recognize/image_aligner.h"

namespace facerec {

class AlignRun {
 public:
  AlignRun(const AlignTask& task, const fs::path& journal);

  // What earlier calls have done, as journal or summary tell; crops that are gone since are cut again.
  void take_up(const JournalLines& lines);

  // The rest. False when a signal stopped it; what is done is then on the disk.
  bool run(const DetectorFactory& detectors, const AlignProgress& progress);

  const AlignTally& tally() const { return tally_; }
  int64_t first() const { return first_; }  // image, of the first line of the journal
  int64_t done() const { return done_; }    // images

 private:
  void restore_crops(int64_t image, const ImageRecord& record) const;
  void take(const Records& records);
  void sync();

  const AlignTask& task_;
  fs::path journal_;
  int64_t first_, total_;
  int64_t done_ = 0;
  uint64_t bytes_ = 0;  // of the journal, of what is done
  std::unique_ptr<JournalWriter> writer_;
  AlignTally tally_;
};

}  // namespace facerec
