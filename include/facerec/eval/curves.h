// How a training went, as figures (facerec/eval/plot.h) over its steps.
#pragma once

#include <string>
#include <vector>

#include "facerec/eval/plot.h"
#include "facerec/io/metrics.h"

namespace facerec {

// The loss and, where there are several, its terms: each smoothed (the mean over a hundredth of the run before a step,
// and as much behind it), the loss itself behind its own line as it was logged. Steps at which a constant learning rate
// falls are dashed lines, losses that were not finite marks on the axis. Values far above what all but a few are lie on
// the upper edge. Throws Error without a line of a step.
Figure loss_figure(const TrainingMetrics& metrics, const std::string& run);

// The figure of validation: accuracy, or PSNR in dB: a curve a set, their mean, the best step. Throws Error without a
// validation.
Figure validation_figure(const TrainingMetrics& metrics, const std::string& run);

// loss.svg, and accuracy.svg or psnr.svg, into the folder of a run, from its metrics.jsonl; what there is nothing of is
// not drawn. Throws Error when the one cannot be read or the others written.
void draw_training_curves(const fs::path& run);

}  // namespace facerec
