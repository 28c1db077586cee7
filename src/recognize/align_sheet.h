// A contact sheet: what an alignment found in a sample of the images, and the crops that it gave.
#pragma once

#include "recognize/align_journal.h"
#include "recognize/image_aligner.h"

namespace facerec {

// Writes options.preview, a PNG: as many images as options.preview_images, spread evenly over those of the journal,
// which begins with image `first`.
void write_align_sheet(const AlignTask& task, const JournalLines& lines, int64_t first);

}  // namespace facerec
