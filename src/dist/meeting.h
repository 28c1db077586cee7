// Where the processes find one another: c10d's TCPStore, held by the first process or by torchrun's agent.
#pragma once

#include <chrono>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "facerec/dist/world.h"

namespace facerec {

// Connects to the store at the place's address; the first process serves it, unless torchrun's agent does. Keys are
// those of this attempt alone. `timeout`: for every wait. Throws a usage Error when the port is in use.
c10::intrusive_ptr<c10d::Store> open_store(const ProcessPlace& place, std::chrono::milliseconds timeout);

// A further connection, for another thread, whose waits are of `patience`. On a busy machine an attempt may fail: they
// are repeated for `timeout`.
c10::intrusive_ptr<c10d::Store> connect_again(const ProcessPlace& place, std::chrono::milliseconds patience,
                                              std::chrono::milliseconds timeout);

// Returns when all have come. Throws an Error that names those who have not.
void meet(c10d::Store& store, const ProcessPlace& place, std::chrono::milliseconds timeout);

// "process 1", "processes 1, 2 and 5"
std::string name_processes(const std::vector<int64_t>& ranks);

}  // namespace facerec
