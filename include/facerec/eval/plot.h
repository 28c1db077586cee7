// ROC curves as a figure: TAR (linear) over FAR (logarithmic), one coloured step curve a series, a legend with AUC and
// EER. Where fewer than 30 false matches are expected (supports_rate()) the curve is dashed.
//
// The FAR axis begins at the decade of the smallest non-zero FAR that a series can have (1 / its different pairs), at
// most 1e-2 and at least 1e-6. The TAR axis begins at the highest of 0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99 that shows all.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "facerec/eval/verification.h"
#include "facerec/image/image.h"

namespace facerec {

struct RocSeries {
  std::string label;  // UTF-8
  const Roc* roc;     // not null; must outlive the call
};

// A standalone SVG 1.1 document of 760×520 user units, in UTF-8, with no external references. Throws Error when there
// are no series.
std::string roc_svg(std::span<const RocSeries> series, const std::string& title);

// The same figure in pixels, 1520×1040; encode_png() makes a file of it. Characters beyond ASCII are drawn as '?'.
Image roc_image(std::span<const RocSeries> series, const std::string& title);

}  // namespace facerec
