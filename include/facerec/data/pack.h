// Data sets from one form into another, without decoding and encoding again what is encoded already.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "facerec/data/config.h"
#include "facerec/data/dataset.h"
#include "facerec/data/pairs.h"

namespace facerec {

struct PackOptions {
  std::string format;   // folder, list, recordio, tfrecord; bin, bcolz for evaluation sets
  std::string exclude;  // file with one image or one identity a line that is left out; "": none
  uint64_t seed = 1;    // of pairs that are drawn
  int threads = 0;      // that read; 0: the cores available
  bool strict = false;  // stop at the first image that cannot be read
  bool resume = false;  // go on with what an earlier call has begun
  bool force = false;   // replace what is there
};

struct PackSummary {
  int64_t images = 0, identities = 0;  // written
  int64_t pairs = 0;                   // of an evaluation set
  int64_t excluded = 0;
  std::vector<BadInput> skipped;  // images that could not be read; of those met in opening the first Problems::listed
  int64_t skipped_count = 0;      // all of them
  bool already_there = false;     // an earlier call has finished it
  int signal = 0;                 // that stopped it; `resume` goes on
};

using PackProgress = std::function<void(int64_t done, int64_t total)>;  // images

// A training set into `out`:
//     folder    out/identity/file.jpg; images that are pixels become PNG, names that no folder can have are changed
//     list      out, a line `path label` an image; for sets that are image files
//     recordio  out/train.rec, train.idx, train.lst, property, as InsightFace's; images grouped by identity
//     tfrecord  out, one file as arcface-tf2's
// Written as out.part and renamed at the end. Where it stands is kept in out.pack/, so that a call that was killed can
// be resumed; a resumed one gives the same bytes as an undisturbed one. Throws a usage Error when `out` is there
// without `force`, or is a folder that pack did not write; when it was begun with other input, or is being written by
// another process; when input and output lie inside each other.
PackSummary pack_training_set(const TrainingSetConfig& set, const std::string& root, const fs::path& out,
                              const PackOptions& options, const PackProgress& progress);

// The same for images that are open already. `job` stands for all that they depend on: what was begun with another one is
// not gone on with.
PackSummary pack_images(std::shared_ptr<const Dataset> images, const std::string& job, const fs::path& out,
                        const PackOptions& options, const PackProgress& progress);

// An evaluation set into `out`: bin, bcolz (with out_list.npy), or folder with pairs.txt: LFW's form where the set has
// folds, else flat. Whole or absent; a call that was killed begins anew.
PackSummary pack_evaluation_set(const PairSet& set, const fs::path& out, const PackOptions& options,
                                const PackProgress& progress);

// Throws what a packing into `out` would throw before it reads an image, for work that comes first: when `out` is there
// without `force`, is being packed, or has a name that the format is not known by.
void check_pack_output(const fs::path& out, const PackOptions& options);

// The images of `data` that the file `list` does not name, by their place "identity/file.jpg", their name or their
// identity. Throws a usage Error when a line names nothing.
std::shared_ptr<const Dataset> exclude(std::shared_ptr<const Dataset> data, const fs::path& list);

}  // namespace facerec
