// The crops that a journal tells of, as a data set: each is cut again when it is read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "recognize/align_journal.h"
#include "recognize/image_aligner.h"

namespace facerec {

class CropSet : public Dataset {
 public:
  // `lines`: of the images from the first on. All must outlive the set.
  CropSet(const AlignTask& task, const JournalLines& lines);

  int64_t size() const override { return static_cast<int64_t>(items_.size()); }
  int64_t classes() const override { return images().classes(); }
  int64_t label(int64_t index) const override { return images().label(item(index).image); }
  std::string name(int64_t index) const override { return images().name(item(index).image); }
  Sample read(int64_t index) const override;
  std::string class_name(int64_t label) const override { return images().class_name(label); }
  bool has_name(int64_t label) const override { return images().has_name(label); }
  std::string relative_path(int64_t index) const override;

 private:
  struct Item {
    uint32_t image, crop;
  };
  const Item& item(int64_t index) const { return items_.at(static_cast<size_t>(index)); }
  const Dataset& images() const { return *task_.source.images; }

  const AlignTask& task_;
  const JournalLines& lines_;
  std::vector<Item> items_;
};

}  // namespace facerec
