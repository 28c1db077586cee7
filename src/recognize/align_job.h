// Where an alignment stands on the disk, and who may write there.
#pragma once

#include <memory>
#include <string>

#include "facerec/recognize/align.h"

namespace facerec {

// The places of one alignment; all but `out` exist only where it is under way, or says so.
struct AlignPlaces {
  AlignPlaces(const fs::path& out, const AlignOptions& options);

  fs::path out;      // the folder or file that is asked for
  fs::path crops;    // the folder that crops are written to; "": they go into a packed set
  fs::path state;    // a folder; its job.json says whose it is
  fs::path own;      // of this shard, in `state`
  fs::path journal;  // in `own`, under the name that GrowingFile gives it while it grows
  fs::path scratch;  // in `own`, for files that are not whole yet
  fs::path summary;
};

// Holds the place of output for this process.
class AlignJob {
 public:
  // `text`: the input and all that decides the crops, as JSON. Throws the usage Errors of align_images().
  AlignJob(const AlignPlaces& places, const AlignOptions& options, const std::string& text);

  bool is_done() const { return done_; }     // by an earlier call
  bool goes_on() const { return goes_on_; }  // there is a journal to go on from
  void end();                                // removes what was kept

 private:
  bool is_interrupted() const;
  bool is_finished() const;
  void check_free(const AlignOptions& options, bool is_ours) const;
  void check_begun(const AlignOptions& options);
  void clear() const;

  AlignPlaces places_;
  std::string text_;
  std::unique_ptr<FolderLock> lock_;
  bool done_ = false, goes_on_ = false;
};

}  // namespace facerec
