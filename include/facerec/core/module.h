// Parts of the program that are opened only where they can be used.
#pragma once

#include <string>

namespace facerec {

// A function of a library that lies beside the library, or program, that this is part of: libfacerec_nccl.so. It stays
// open. Throws an Error with `remedy` when the library cannot be opened, and one when it lacks the function.
void* open_module(const std::string& file, const char* function, const std::string& purpose, const std::string& remedy);

}  // namespace facerec
