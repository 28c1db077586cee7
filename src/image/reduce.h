// Images at a whole fraction of their size.
#pragma once

#include "facerec/image/image.h"

namespace facerec {

constexpr int reduced(int size, int reduction) { return (size + reduction - 1) / reduction; }

// The averages of blocks of reduction × reduction pixels; at the right and lower edge of what is left there.
Image average_blocks(const Image& image, int reduction);

}  // namespace facerec
