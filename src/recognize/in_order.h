// Work that several threads do and one takes up in order.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "recognize/align_record.h"

namespace facerec {

using MakeRecords = std::function<Records(int64_t group)>;

// Groups first … end − 1: `threads` threads make their records, each with a function of its own that `prepare` gives
// it; `take` gets them here, in the order of the groups, until it returns false. At most a few groups a thread wait for
// it. The exception of the first group that throws is rethrown here, when all before it have been taken.
void make_in_order(int64_t first, int64_t end, int threads, const std::function<MakeRecords()>& prepare,
                   const std::function<bool(Records)>& take);

}  // namespace facerec
