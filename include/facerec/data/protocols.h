// Evaluation sets that are not pairs of images: templates (IJB-B, IJB-C) and searches (TinyFace, gallery and probes).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "facerec/data/dataset.h"
#include "facerec/data/pairs.h"

namespace facerec {

// The five points' x and y in pixels of the image: eyes, nose, corners of the mouth, image-left first.
using FivePoints = std::array<float, 10>;

struct TemplateSet {
  std::string name;
  std::shared_ptr<const Dataset> images;
  std::vector<FivePoints> landmarks;  // of each image; empty: the images are crops
  std::vector<float> detector_score;  // of each image; 1 where none are given
  std::vector<uint32_t> template_of;  // of each image, 0 … templates − 1
  std::vector<int64_t> medium_of;     // of each image
  size_t templates = 0;
  std::vector<Pair> pairs;  // of templates
};

// A folder with meta/ or the lists in it, and images in loose_crop/, as insightface's eval_ijbc.py takes them:
//     *_face_tid_mid.txt        `image template medium` a line
//     *_template_pair_label.txt `template template 0|1`
//     *_name_5pts_score.txt     `image x y … score`, of the same images in the same order; without it the images are
//                               crops, and their scores 1
bool is_template_set(const fs::path& folder);

// Throws a usage Error naming file and line for another form, for images that are absent, for pairs of templates
// without images.
TemplateSet open_template_set(const fs::path& folder, const std::string& name);

struct SearchSet {
  std::string name;
  std::shared_ptr<const Dataset> images;
  std::vector<uint32_t> gallery, probes;  // images
  std::vector<int32_t> identity;          // of each image; −1: a distractor, nobody's mate
  bool rank_entries = false;              // TinyFace: ranks count images, not people
  int64_t missing = 0;                    // entries of the lists left out since the image is absent (skip_missing)
};

// TinyFace's testing set (Gallery_Match/, Gallery_Distractor/, Probe/ with ID_n.jpg), or a folder with gallery/ and
// probe/ (or probes/) that have a folder of images for each identity, or with gallery.txt and probe.txt (or probes.txt)
// as open_searches() reads them; distractors/ and distractors.txt are taken where they are there.
bool is_search_set(const fs::path& folder);
SearchSet open_search_set(const fs::path& folder, const std::string& name, bool skip_missing);

// Lists of `path identity` a line (tab-separated when paths hold spaces), or of `path`, whose folder is then the
// identity; paths are below `images`. The identity `-` is nobody: a distractor. Probes of identities that the gallery
// does not have are non-mated searches. Throws a usage Error naming file and line.
SearchSet open_searches(const fs::path& images, const fs::path& gallery, const fs::path& probes,
                        const std::string& name, bool skip_missing);

// Image or identity → group, from lines `name group` (tab-separated when names hold spaces) or a .csv with a first row
// of names (image or identity; group).
class Groups {
 public:
  // Throws a usage Error naming file and line for another form, and for a name of two groups.
  explicit Groups(const fs::path& file);

  // Of image `index`: what the file says of its path, of the end of its path from any folder on, or of its identity;
  // "" where it says nothing.
  std::string of(const Dataset& images, int64_t index) const;

 private:
  std::map<std::string, std::string, std::less<>> groups_;
};

}  // namespace facerec
