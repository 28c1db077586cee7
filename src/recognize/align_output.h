// What an alignment writes once every image has its record: lists, packed sets, the pairs of evaluation sets.
#pragma once

#include "recognize/align_job.h"
#include "recognize/align_run.h"

namespace facerec {

// Throws Error when nothing can be written: no crop at all, or pairs of images without one (unless skip_missing). The
// pairs that are left out.
int64_t check_crops(const AlignTask& task, const AlignTally& tally, const JournalLines& lines);

// `job`: stands for what the crops depend on. False when a signal stopped it.
bool write_align_output(const AlignTask& task, const AlignPlaces& places, const AlignTally& tally,
                        const JournalLines& lines, const std::string& job, const AlignProgress& progress);

}  // namespace facerec
