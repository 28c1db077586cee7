// How to read a report's page: the terms of ISO/IEC 19795-1 first, then the papers'.
#pragma once

namespace facerec {

struct GuideEntry {
  const char *term, *text;
};

inline constexpr GuideEntry page_guide[] = {
    {"FMR and FNMR",
     "The false match rate (FMR) is the share of pairs of different people that are taken for the same person; "
     "the false non-match rate (FNMR) is the share of pairs of the same person that are not. Both are of "
     "ISO/IEC 19795-1. Papers call FMR the false accept rate (FAR), and 1 − FNMR the true accept rate (TAR)."},
    {"Accuracy",
     "The share of right decisions over ten folds, each at the threshold that is best on the other nine; ± is "
     "the standard deviation over folds. The 95 % interval beside it is Wilson's, as if pairs were independent; that "
     "by resampling "
     "people is in the table below. On 6,000 pairs, models that differ by a few tenths of a percent are often not "
     "told apart."},
    {"AUC and error area",
     "The AUC is the chance that a pair of the same person scores higher than a pair of different people; 1 is "
     "best. The error area is 1 − AUC, the area under FMR over FNMR; 0 is best. BITSdrive prints the error "
     "area, and calls it AUC."},
    {"EER", "The equal error rate: where FMR and FNMR are equal; 0 is best."},
    {"TAR at a FAR",
     "The share of same-person pairs accepted at the threshold that lets through no more than that share of "
     "different people. With fewer than 30 expected false matches (*, and dashed in figures) it rests on too "
     "few pairs."},
    {"FPIR, FNIR and DIR",
     "Of searches in a gallery: the false positive identification rate (FPIR) is the share of searches for "
     "strangers that find somebody; the false negative identification rate (FNIR) is the share of searches for "
     "people of the gallery that miss them. The detection and identification rate (DIR), also true positive "
     "identification rate (TPIR), is 1 − FNIR "
     "at rank 1. "
     "Rank-k: the person is among the k best, without a threshold."},
    {"Significance",
     "People, not pairs, are drawn anew many times, the same ones for both models. A difference is significant "
     "when 95 % of its values exclude 0: of twenty differences that are none, one will seem to be one."},
    {"Figures with intervals",
     "Bars in figures and columns “95 % CI” are intervals in which the true value plausibly lies, given these "
     "data. They say nothing about other people, cameras or countries."},
};

}  // namespace facerec
