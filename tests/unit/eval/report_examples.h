// Reports on simulated scores.
#pragma once

#include <fmt/format.h>

#include "facerec/eval/report.h"
#include "facerec/image/image.h"
#include "unit/eval/golden.h"

namespace facerec::test {

inline VerificationResult verification_of(const PairScores& scores, int replicates = 0, PairScore score = {}) {
  const std::vector<Pair> pairs = row_pairs(scores.same);
  return evaluate_verification(
      scores, pairs, contiguous_folds(pairs.size()),
      {.rule = EmbeddingRule::flip_sum, .score = score, .bootstrap = {.replicates = replicates}});
}

// 2 · count pairs, see normal_scores().
inline VerificationResult verification_of(size_t count, double distance, uint64_t seed, int replicates = 0) {
  return verification_of(normal_scores(count, distance, seed), replicates);
}

inline VerificationResult same_pairs_only() {
  PairScores scores = normal_scores(50, 3, 8);
  std::ranges::fill(scores.same, 1);
  return verification_of(scores);
}

inline Report one_model() {
  return {{{"runs/a/best", "ir_50", "00ff", ""}},
          {{0, "lfw", verification_of(3000, 5, 1)}, {0, "cfp_fp", verification_of(500, 3, 2)}}};
}

inline ComparisonFigures comparison_of(size_t count, double distance, uint64_t seed) {
  const PairScores scores = normal_scores(count, distance, seed);
  ComparisonFigures figures;
  figures.pairs = 2 * count;
  figures.same = figures.different = count;
  fill_figures(figures, roc_curve(scores.cosine, scores.same));
  return figures;
}

// Mated searches score `distance` deviations higher than the best of 1000 others.
inline IdentificationResult identification_of(double rank1, uint64_t mated, uint64_t nonmated) {
  IdentificationResult result{
      .gallery = 10'100, .people = 100, .distractors = 10'000, .mated = mated, .nonmated = nonmated};
  for (int rank = 1; rank <= 100; ++rank) result.cmc.push_back(1 - (1 - rank1) / std::sqrt(rank));
  for (int i = 0; i <= 400; ++i) {
    const double fpir = i == 0 ? 0 : std::pow(10.0, (i - 400) / 100.0);
    const double fnir = std::min(1.0, (1 - rank1) * (1 + 0.4 * -std::log10(std::max(fpir, 1e-4))));
    if (nonmated > 0) result.curve.push_back({0.7 - 0.001 * i, fpir, fnir});
  }
  for (double target : fpir_targets) {
    if (nonmated == 0) break;
    const double fnir = (1 - rank1) * (1 - 0.4 * std::log10(target));
    result.at_fpir.push_back({target, 0.5, target, fnir, supports_rate(nonmated, target)});
  }
  return result;
}

inline GroupReport groups_example() {
  GroupReport report{.threshold = 0.312, .threshold_source = "FMR 1e-2 of all pairs", .across = 12, .ungrouped = 3};
  for (const auto& [name, fmr, fnmr] : {std::tuple{"African", 0.024, 0.031},
                                        {"Asian", 0.018, 0.027},
                                        {"Caucasian", 0.006, 0.012},
                                        {"Indian", 0.011, 0.02}}) {
    report.groups.push_back({.group = name,
                             .same = 3000,
                             .different = 3000,
                             .rates = {fmr, fnmr},
                             .fmr_ci95 = wilson_interval(fmr, 3000),
                             .fnmr_ci95 = wilson_interval(fnmr, 3000)});
  }
  report.fmr = {.largest_by_smallest = 4.0, .largest_by_geometric_mean = 1.83};
  report.fnmr = {.largest_by_smallest = 2.58, .largest_by_geometric_mean = 1.45};
  return report;
}

inline WrongPair wrong_pair(bool same, double cosine, const std::string& a, const std::string& b) {
  Image grey(112, 112);
  for (size_t i = 0; i < grey.rgb.size(); ++i) grey.rgb[i] = static_cast<uint8_t>(i / 160);
  const std::vector<std::byte> png = encode_png(grey);
  return {same, cosine, a, b, png, png};
}

// Two models on everything that a report can hold.
inline Report whole_report(int replicates = 100) {
  Report report{
      .models = {{"runs/before/best", "ir_50", std::string(64, 'a'), "before <script>alert(1)</script> & \"co\""},
                 {"runs/after/best", "ir_50", std::string(64, 'b'), "after, 파인튜닝"}}};
  for (size_t model : {0, 1}) {
    const double better = model == 1 ? 0.4 : 0.0;
    const auto add = [&](const std::string& data, auto result, const Condition& condition = {}) -> ReportEntry& {
      report.results.push_back({.model = model, .data = data, .result = std::move(result), .condition = condition});
      return report.results.back();
    };
    ReportEntry& lfw = add("lfw", verification_of(3000, 4.2 + better, 1, replicates));
    lfw.alignment = AlignmentInfo{"retinaface", 2};
    lfw.data_identity = std::string(64, 'd');
    lfw.wrong = {wrong_pair(false, 0.512, "Ann_A/Ann_A_0001.jpg", "<b>Bob</b>.jpg"),
                 wrong_pair(true, 0.021, "한국어/사진.jpg", "b&c.png")};
    add("cfp_fp", verification_of(700, 3 + better, 2, replicates));
    for (const auto& [factor, distance] : {std::pair{2, 4.0}, {4, 3.1}, {8, 1.8}}) {
      const std::string name = fmt::format("LR ×{}", factor);
      const double severity = factor;
      add("lfw", verification_of(600, distance + better, 3), {name, "low_res", severity, "both", ""});
      add("lfw", verification_of(600, distance + better + 0.2, 3),
          {name + " + rcan", "low_res", severity, "both", "rcan"});
    }
    for (const auto& [sigma, distance] : {std::pair{1.0, 4.1}, {2.5, 2.9}}) {
      add("lfw", verification_of(600, distance + better, 4),
          {fmt::format("blur {}", sigma), "blur", sigma, "both", ""});
    }
    TemplateResult templates;
    static_cast<ComparisonFigures&>(templates) = comparison_of(5000, 4 + better, 5);
    templates.templates = 400, templates.images = 1700, templates.empty_templates = 1;
    for (const OperatingPoint& point : templates.fmr)
      templates.nearest.push_back({point.target, point.fmr, point.tar()});
    add("ijbc", templates);
    add("faces", comparison_of(40'000, 4.5 + better, 6));
    add("tinyface", identification_of(0.6 + better / 4, 3728, 0));
    add("gallery", identification_of(0.9 + better / 8, 2000, 1000));
    add("rfw", verification_of(600, 4 + better, 7)).groups = groups_example();
  }
  report.provenance = {.version = "1.2.0",
                       .time = "2026-01-31T12:00:00Z",
                       .machine = "a processor, 2 cores, Linux 6",
                       .engine = "openvino on cpu in fp32",
                       .configuration = {{"flip", "flip_sum"}, {"data", {"lfw=/data/<lfw>", "cfp_fp"}}, {"seed", 1}}};
  return report;
}

}  // namespace facerec::test
