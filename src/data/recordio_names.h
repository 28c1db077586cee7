// What the files beside a .rec call its images: keys from the .idx, paths and identities from the .lst. Read when first
// asked for, as they serve messages and unpacking alone.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "data/recordio_scan.h"

namespace facerec {

// All members may be called from any thread. Nothing is thrown: what cannot be read, or does not fit, is not there.
class RecordNames {
 public:
  RecordNames(const ByteSource& records, const RecordPaths& paths, const RecordIndex& index,
              const ClassNumbers& classes)
      : records_(records), paths_(paths), index_(index), classes_(classes) {}

  std::optional<uint64_t> key(int64_t image) const;

  // "identity/file.jpg", and the identity alone. From lines as InsightFace's RecBuilder writes them, one an image in
  // the order of their keys (1, tab, path, tab, label), or those of im2rec (key, tab, label, tab, path). A list is used
  // when every image has a line with its label (im2rec: and its key) and each class one identity of its own.
  std::optional<std::string> path(int64_t image) const;
  std::optional<std::string> identity(int64_t label) const;

 private:
  // From `image` on, up to the next run, keys and positions count up by one.
  struct Run {
    int64_t image;
    uint64_t key;
    int64_t position;  // among all images of the file, those that are left out too
  };

  void find_runs() const;
  bool match(const std::vector<RecordKey>& keys) const;
  const Run& run_of(int64_t image) const;
  static uint64_t key_in(const Run& run, int64_t image);
  void read_list() const;
  bool fits(std::string_view list) const;

  const ByteSource& records_;
  const RecordPaths& paths_;
  const RecordIndex& index_;
  const ClassNumbers& classes_;
  mutable std::once_flag keys_once_, list_once_;
  mutable std::vector<Run> runs_;
  mutable std::unique_ptr<FileSource> list_;     // null: none that fits
  mutable std::vector<uint64_t> lines_;          // where every 32nd line of it begins, and where the last one ends
  mutable std::vector<std::string> identities_;  // of each class
};

}  // namespace facerec
