// The figures of a report's page.
#pragma once

#include "eval/html.h"
#include "facerec/eval/report.h"

namespace facerec {

// A section for each data set whose pairs were compared: ROC, DET, scores of each model, error curve.
void add_pair_figures(html::Node body, const Report& report);
// Open set and CMC of each data set that was searched.
void add_search_figures(html::Node body, const Report& report);
// Accuracy over severity, for each data set and kind of degradation.
void add_severity_figures(html::Node section, const Report& report);

// Rules that give figures the colours of the page.
std::string figure_style();

}  // namespace facerec
