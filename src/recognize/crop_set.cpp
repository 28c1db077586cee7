#include "recognize/crop_set.h"

#include "facerec/core/error.h"

namespace facerec {

CropSet::CropSet(const AlignTask& task, const JournalLines& lines) : task_(task), lines_(lines) {
  for (int64_t image = 0; image < lines.size(); ++image) {
    const auto crops = static_cast<uint32_t>(lines.record(image).crops.size());
    for (uint32_t crop = 0; crop < crops; ++crop) items_.push_back({static_cast<uint32_t>(image), crop});
  }
}

Sample CropSet::read(int64_t index) const {
  const auto [image, number] = item(index);
  const ImageRecord record = lines_.record(image);
  const Photo photo = photo_for_crops(task_, image, record);
  return {encode_crop(task_, cut(photo, record.crops.at(number), task_.options.crop)), {}};
}

std::string CropSet::relative_path(int64_t index) const {
  const auto [image, number] = item(index);
  return task_.names.file(image, number);
}

}  // namespace facerec
