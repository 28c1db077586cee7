// Several processes of one training: their places, and how `--nproc` starts them. Free of LibTorch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace facerec {

// Where this process stands among those of its training.
struct ProcessPlace {
  int64_t rank = 0, size = 1;              // among all
  int64_t local_rank = 0, local_size = 1;  // among those of this machine
  std::string address;                     // of rank 0's machine, where they meet; "" for one process
  uint16_t port = 0;
  bool agent_has_store = false;  // torchrun's agent holds the store at that port
  std::string attempt;           // differs from restart to restart, so that what a dead attempt left is not read
  bool restarted = false;        // this is not the first attempt: torchrun or Slurm starts the training again
};

// As torchrun (RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT, TORCHELASTIC_…), else Slurm
// (SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID, …) says in the environment; one process when neither does. Throws a usage
// Error naming the variable that is absent, no number or against the others.
ProcessPlace process_place();

// Starts `count` processes of this program with `arguments` (those of main, without --nproc), each with torchrun's
// variables (a MASTER_PORT that is set is kept), and waits. To be called before any thread is started. Stop signals are
// handed on. One ends well with exit_done, exit_skipped, or stopped by SIGINT or SIGTERM. When one ends otherwise, the
// others are told to stop, and killed after 30 s. Returns the exit code of the first that failed, else the largest.
int launch(int64_t count, const std::vector<std::string>& arguments);

}  // namespace facerec
