// Where an alignment stands, and who may write there.
#pragma once

#include <memory>
#include <string>

#include "recognize/align_places.h"

namespace facerec {

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
  bool is_begun() const;
  bool is_ours(const fs::path& path) const;
  std::string earlier() const;  // the text of the call that has begun it
  void check_free(const AlignOptions& options) const;
  void check_begun(const AlignOptions& options);
  void clear() const;

  AlignPlaces places_;
  fs::path job_;
  std::string text_;
  std::unique_ptr<FolderLock> lock_;
  bool done_ = false, goes_on_ = false;
};

}  // namespace facerec
