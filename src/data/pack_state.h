// Where a packing stands: OUT.pack/state.json, kept while it is under way.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "facerec/data/pack.h"

namespace facerec {

struct SkippedImage {
  int64_t place;  // in the order of packing
  BadInput input;
};

struct PackState {
  std::string job;              // what is packed, from where
  int64_t done = 0;             // images, the skipped ones among them
  std::vector<uint64_t> sizes;  // as PackWriter::sync() told them; empty: nothing is written yet
  std::vector<SkippedImage> skipped;
  bool finishing = false;  // the outputs are getting their names
};

// The packing of one output. Holds it for this process: a second one gets a usage Error.
class PackJob {
 public:
  // `job`: the input and all that decides the output. Throws the usage Errors of pack_training_set().
  PackJob(const fs::path& out, const PackOptions& options, const std::string& job);

  PackState state;
  bool is_done() const { return done_; }  // an earlier process finished it, but for this folder's removal
  void save() const;
  void end();  // removes what was kept

 private:
  void begin(const PackOptions& options, const std::string& job);
  void check_leftovers(const PackOptions& options) const;

  fs::path out_, folder_;
  std::unique_ptr<FolderLock> lock_;
  bool done_ = false;
};

// Size and time of change of a file; null where it is none.
nlohmann::ordered_json file_stamp(const fs::path& path);

// What stands for the input in PackState::job: its place, and what of it can change.
std::string describe_job(const TrainingSetConfig& set, const std::string& root, const PackOptions& options,
                         const Dataset& data);

// Throws a usage Error when `out` is there and may not be replaced: without `force`, or when it is a folder that
// `mark_as_packed` has not marked, or a file where a folder is to come.
void check_output(const fs::path& out, const PackOptions& options);

void check_evaluation_output(const fs::path& out, const PackOptions& options);  // the same, of pack_evaluation_set()

// Also when they are equal; neither need be there.
bool is_inside(const fs::path& path, const fs::path& folder);

// Throws a usage Error when one of the two lies inside the other.
void check_apart(const fs::path& in, const fs::path& out);

// Leaves the mark by which check_output() knows a folder as one that pack wrote.
void mark_as_packed(const fs::path& folder);

}  // namespace facerec
