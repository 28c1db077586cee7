// Checkpoints that are written while training goes on.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "facerec/core/folder_writer.h"
#include "train/checkpoint.h"

namespace facerec {

// Every process calls the members in the same order. Memory: one copy of what the process saves.
class CheckpointWriter {
 public:
  explicit CheckpointWriter(const Learner& learner) : learner_(learner) {}
  ~CheckpointWriter();  // what is not whole is gone

  // Copies the state and returns; it is then written into all of the folders. Finishes an earlier one first.
  void start(std::vector<fs::path> folders, const RunState& state);

  bool is_pending() const { return state_ != nullptr; }
  bool is_written() const;  // this process's part

  // Gives the folders their names, when all have written; waits for that. A checkpoint that cannot be begun or written
  // is told of, leaves nothing, and training goes on. `none`: none was started since the last call.
  enum class Outcome { none, written, failed };
  Outcome finish();

  // Of the last one, of `step`: for how long training stood still, and how long the writing took.
  struct Times {
    int64_t step = 0;
    double stall_seconds = 0, write_seconds = 0;
  };
  const Times& times() const { return times_; }

 private:
  void make_folders(std::vector<fs::path> folders);
  std::string write(const std::vector<TensorsToSave>& files) const;
  void commit(const std::vector<std::string>& answers);

  const Learner& learner_;
  std::unique_ptr<RunState> state_;                 // null: none is under way
  std::vector<std::unique_ptr<FolderWriter>> own_;  // of the first process
  std::vector<fs::path> temporary_;                 // where all write
  std::future<std::string> written_;                // JSON: digests, or what went wrong
  bool not_begun_ = false;
  Times times_;
};

}  // namespace facerec
