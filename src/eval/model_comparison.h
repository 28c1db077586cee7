// Figures by the names that the bootstrap gives them.
#pragma once

#include <optional>
#include <string_view>

#include "facerec/eval/bootstrap.h"
#include "facerec/eval/verification.h"

namespace facerec {

// figure: one of bootstrap_figures. nullopt: undefined.
std::optional<double> figure_value(const VerificationResult& result, std::string_view figure);

// nullopt where nothing was resampled.
std::optional<Interval> bootstrap_interval(const Bootstrap& bootstrap, std::string_view figure);

}  // namespace facerec
