// TensorBoard's event files: records (io/tf_record.h) of one Event each (event.proto). Each function makes one record;
// `wall_time` is in seconds since 1970.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

// Begins every file.
std::vector<std::byte> event_version(double wall_time);

// After it, in the file of a run that goes on: TensorBoard forgets what earlier files have at `step` and behind it.
std::vector<std::byte> event_restart(double wall_time, int64_t step);

// Tags are UTF-8, or made so; values are stored as fp32, not-a-number and infinity included.
using Scalars = std::vector<std::pair<std::string, double>>;
std::vector<std::byte> event_scalars(double wall_time, int64_t step, const Scalars& scalars);

// events.out.tfevents.<unix time>.<host> in `folder`. TensorBoard reads the files of a folder in the order of their
// names: the time is after that of every file there, whatever the clock says.
fs::path new_event_file(const fs::path& folder, int64_t unix_time);

}  // namespace facerec
