// Where an alignment stands on the disk, apart from all that it reads.
#pragma once

#include "recognize/align_source.h"

namespace facerec {

// The places of one alignment; all but `out` exist only where it is under way, or says so.
struct AlignPlaces {
  AlignPlaces(const fs::path& asked, const AlignOptions& options);  // throws a usage Error for ""

  fs::path out;      // the folder or file that is asked for
  fs::path crops;    // the folder that crops are written to; "": they go into a packed set
  fs::path state;    // a folder; its job.json says whose it is
  fs::path own;      // of this shard, in `state`
  fs::path journal;  // in `own`, under the name that GrowingFile gives it while it grows
  fs::path scratch;  // in `own`, for files that are not whole yet
  fs::path summary;
};

bool is_packed(const std::string& format);  // into files that hold the crops

// Throws a usage Error when what is read lies where something is written, or the preview cannot be written.
void check_places(const AlignInput& input, const AlignOptions& options, const AlignPlaces& places);

// A list may name images that lie in the very folder that is to be replaced.
void check_images_apart(const AlignSource& source, const fs::path& crops);

}  // namespace facerec
