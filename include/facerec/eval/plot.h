// Figures: SVG for pages and papers, pixels for logs. All are 760×520 user units; images have twice as many pixels.
//
// One coloured curve a series, a legend. ROC, DET and open-set curves are dashed where fewer than 30 false matches are
// expected (supports_rate()). Each function throws Error when there is nothing to draw; no coordinate is ever infinite.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "facerec/eval/comparison.h"
#include "facerec/eval/identification.h"
#include "facerec/eval/kfold.h"
#include "facerec/image/image.h"

namespace facerec {

class Canvas;

struct Figure {
  std::string title = "";
  std::function<void(Canvas&)> draw = {};

  std::string svg() const;  // a standalone SVG 1.1 document in UTF-8 with no external references
  Image image() const;
};

// Series and what they point to must outlive the figure. Labels are UTF-8; long ones are cut.
struct RocSeries {
  std::string label = "";
  const Roc* roc = nullptr;  // not null
};

struct SearchSeries {
  std::string label = "";
  const IdentificationResult* result = nullptr;  // not null
};

struct SeveritySeries {
  std::string label = "";
  struct Point {
    double severity = 0, accuracy = 0;
    Interval ci95 = {};
  };
  std::vector<Point> points = {};  // by ascending severity
};

// ROC: TAR (linear) over FAR (logarithmic). The FAR axis begins at the decade of the smallest non-zero FAR that a
// series can have (1 / its different pairs), at most 1e-2 and at least 1e-6. The TAR axis begins at the highest of 0,
// 0.5, 0.8, 0.9, 0.95, 0.98, 0.99 that shows all.
Figure roc_figure(std::span<const RocSeries> series, const std::string& title);
// DET: FNMR over FMR, both on normal deviate axes (Martin et al. 1997), in percent. They begin as the ROC's FAR axis
// does.
Figure det_figure(std::span<const RocSeries> series, const std::string& title);
// BITSdrive's: FNMR on x, FMR on y, both linear, with its names as subtitle and the error area in the legend; the
// diagonal from (0, 1) to (1, 0) is dashed.
Figure error_curve_figure(std::span<const RocSeries> series, const std::string& title);
// Genuine and impostor scores of one model, each as shares of its own pairs; its threshold as a line. Bins are joined
// where there are few pairs. `axis` names the score. `distribution` must outlive the figure.
Figure histogram_figure(const ScoreDistribution& distribution, std::optional<double> threshold,
                        const std::string& title, const std::string& axis = "Cosine similarity");
// FNIR over FPIR, both logarithmic, of those that have searches of both kinds.
Figure open_set_figure(std::span<const SearchSeries> series, const std::string& title);
// The cumulative match characteristic: identification rate over rank (logarithmic), of those that have mated searches.
Figure cmc_figure(std::span<const SearchSeries> series, const std::string& title);
// Accuracy over severity, with its interval; `axis` names what is severe.
Figure severity_figure(std::span<const SeveritySeries> series, const std::string& axis, const std::string& title);

}  // namespace facerec
