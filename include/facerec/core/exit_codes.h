// What the program ends with: a contract with scripts.
#pragma once

namespace facerec {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;     // what was asked for cannot be
inline constexpr int exit_skipped = 3;   // done, with inputs left out
inline constexpr int exit_no = 4;        // the answer is no: other people, a demand that is not met
inline constexpr int exit_signal = 128;  // and the signal's number: stopped by it

}  // namespace facerec
