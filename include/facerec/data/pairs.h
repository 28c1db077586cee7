// Evaluation sets: images and the pairs of them that a benchmark compares.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "facerec/data/dataset.h"

namespace facerec {

struct Pair {
  uint32_t a, b;  // indices into the images
  bool same;
};

struct PairSet {
  std::string name;
  std::shared_ptr<const Dataset> images;  // only those that a pair names, each once
  std::vector<Pair> pairs;                // in file order
  std::vector<uint16_t> fold;             // of each pair, from 0; all 0 for a list without folds
  int64_t missing = 0;                    // pairs left out since an image is absent (skip_missing)
  int64_t repeated = 0;                   // pairs that occur more than once, in either order
  bool labelled = true;                   // false: the list does not say which pairs are the same; `same` means nothing
};

// What the labels of a list mean, and whether it must have some.
struct PairLabels {
  bool one_is_same = true;  // false: 1 is a different pair, as in Triarchy's lists
  bool required = true;     // else a table without a label, or with empty ones, gives a set that is not `labelled`
};

// An image folder with a list of pairs, in LFW's form or flat:
//     folds<TAB>n  or  n, then per fold n lines `name i j` (same) and n lines `name1 i name2 j` (different), for the
//     files name/name_%04d with any image extension
//     the same without the first line: each fold's same pairs, then its different ones (RFW)
//     `pathA pathB 0|1` a line, relative to the folder; tab-separated when paths hold spaces; 1: same; AgeDB-30's lists
//     have -1 for 0
//     two lines `path n` a pair, n 0 for different pairs (CALFW, CPLFW)
//     .csv or .tsv with a first row of names: image1, image2 and label (also img1, file1, path1, a …; same, issame)
// Throws a usage Error naming the file and line for anything else, for absent images (unless skip_missing), for no
// pairs.
PairSet open_pairs(const fs::path& images, const fs::path& list, const std::string& name, bool skip_missing = false,
                   const PairLabels& labels = {});

// Whether a list is in LFW's form, which names images without their extensions.
bool is_lfw_list(const fs::path& list);

// The list of pairs in an image folder: pairs.txt, else pairs.csv; "": neither.
fs::path pairs_list_in(const fs::path& folder);

// Every evaluation set that `path` holds:
//     an InsightFace .bin
//     a bcolz folder with its sibling <folder>_list.npy (face.evoLVe)
//     CFP as its authors publish it (Protocol/Pair_list_F.txt …): two sets, <name>_ff and <name>_fp
//     RFW as its authors publish it (data/African, txts/African/African_pairs.txt …): a set a group, <name>_african …
//     an image folder with `pairs`, or with one of its own: pairs_list_in()
//     a folder with such sets in it or in its folders: all of them, in byte order of their paths
// `pairs`: a list for an image folder, "": none is named. `name`: "": that of the file or folder, without its
// extension; several sets keep their own, and those of one name are called by their paths below the folder: a_lfw.
// Throws a usage Error when there is none.
std::vector<PairSet> open_evaluation_sets(const fs::path& path, const fs::path& pairs, const std::string& name,
                                          bool skip_missing, const PairLabels& labels = {});

// Throws a usage Error when `set` is told how to read what an evaluation set says itself: label, where, columns.
void check_no_rules(const TrainingSetConfig& set);

// The paths, relative to `folder`, of the sets in it and in its folders: what open_evaluation_sets() takes of a folder.
std::vector<std::string> evaluation_sets_in(const fs::path& folder);

// True for what open_evaluation_sets() opens without a list of pairs.
bool is_evaluation_set(const fs::path& path);

// What a data set is called that was given no name: its file or folder without the extension.
std::string set_name(const fs::path& path);

// Pairs for an evaluation set of one's own: ten folds, each with `count`/20 same and as many different pairs, no pair
// twice, no identity in two folds; same pairs spread evenly over the identities. The same seed gives the same pairs.
// Throws a usage Error when `count` is no multiple of 20, or the set has too few images.
PairSet draw_pairs(const std::shared_ptr<const Dataset>& images, int64_t count, uint64_t seed);

}  // namespace facerec
