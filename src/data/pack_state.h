// Where a packing stands, in a small file beside what it writes.
#pragma once

#include <string>
#include <vector>

#include "facerec/data/pack.h"

namespace facerec {

struct PackState {
  std::string job;              // what is packed, from where
  int64_t done = 0;             // images, the skipped ones among them
  std::vector<uint64_t> sizes;  // as PackWriter::sync() told them; empty: nothing is written yet
  std::vector<BadInput> skipped;
  bool finished = false;  // `out` is there already, and resume was asked for
};

// The input and all that decides the output.
std::string describe_job(const TrainingSetConfig& set, const std::string& root, const PackOptions& options,
                         int64_t images);

// Throws a usage Error when `out` is not what an earlier call for this format can have written.
void check_replaceable(const fs::path& out, const std::string& format);

// Where to begin. Throws the usage Errors of pack_training_set().
PackState begin_pack(const fs::path& out, const PackOptions& options, const std::string& job);

void save_pack_state(const fs::path& out, const PackState& state);
void forget_pack_state(const fs::path& out);

}  // namespace facerec
