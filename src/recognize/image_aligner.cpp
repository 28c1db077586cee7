#include "recognize/image_aligner.h"

#include "facerec/core/error.h"

namespace facerec {
namespace {

// Images that are held decoded at a time, by a thread: 96 MiB of pixels, or one image.
constexpr int64_t pixels_at_a_time = int64_t{1} << 25;

int64_t pixels_of(const Image& image) { return int64_t{image.width} * image.height; }

// What the user is told of an image, which is named beside it; another file is named here.
std::string what_is_wrong(const Error& error, const std::string& image) {
  const std::string file = error.file().empty() || error.file() == image ? "" : error.file() + ": ";
  return file + error.message() + (error.hint().empty() ? "" : "; " + error.hint());
}

}  // namespace

Photo photo_for_crops(const AlignTask& task, int64_t image, const ImageRecord& record, Photo photo) {
  const int reduction = is_fine_enough(task.reduction, record, task.options.crop) ? task.reduction : 1;
  if (photo.pixels.width != 0 && photo.reduction <= reduction) return photo;
  return load_photo(*task.source.images, image, reduction);
}

std::vector<Image> cut_crops(const AlignTask& task, int64_t image, const ImageRecord& record, Photo photo) {
  photo = photo_for_crops(task, image, record, std::move(photo));
  std::vector<Image> crops;
  for (const CropRecord& crop : record.crops) crops.push_back(cut(photo, crop, task.options.crop));
  return crops;
}

std::vector<std::byte> encode_crop(const AlignTask& task, const Image& crop) {
  return task.options.jpeg_quality > 0 ? encode_jpeg(crop, task.options.jpeg_quality) : encode_png(crop);
}

void write_crop(const AlignTask& task, int64_t image, size_t number, const Image& crop) {
  const fs::path file = task.crops / task.names.file(image, number);
  make_folder(file.parent_path());
  write_file_unsynced(file, encode_crop(task, crop), task.scratch);
}

Records ImageAligner::align(int64_t first, int64_t end) {
  Records records;
  std::vector<Pending> batch;
  int64_t pixels = 0;
  for (int64_t index = first; index < end; ++index) {
    batch.push_back(load(index));
    pixels += pixels_of(batch.back().photo.pixels);
    if (pixels < pixels_at_a_time && index + 1 < end) continue;
    if (detector_) detect(batch);
    for (Pending& pending : batch) records.push_back(finish(std::move(pending)));
    batch.clear();
    pixels = 0;
  }
  return records;
}

ImageAligner::Pending ImageAligner::load(int64_t index) const {
  const AlignSource& source = task_.source;
  Pending pending{index, {}, {}, {}};
  ImageRecord& record = pending.record;
  record.image = source.place(index);
  if (needs_identity(task_.options.format) && !source.has_identity(index)) {
    record.reason = "its path does not tell who is in it";
    return pending;
  }
  try {
    pending.photo = load_photo(*source.images, index, task_.reduction);
    if (task_.landmarks != nullptr) pending.faces = task_.landmarks->faces(record.image, source.images->name(index));
    record.width = pending.photo.width;
    record.height = pending.photo.height;
  } catch (const Error& error) {
    record.reason = what_is_wrong(error, source.images->name(index));
  }
  return pending;
}

void ImageAligner::detect(std::vector<Pending>& batch) const {
  std::vector<Image> images;
  std::vector<Pending*> owners;
  for (Pending& pending : batch) {
    if (!pending.record.reason.empty()) continue;
    images.push_back(std::move(pending.photo.pixels));
    owners.push_back(&pending);
  }
  if (owners.empty()) return;
  std::vector<std::vector<Face>> faces;
  try {
    faces = detector_->detect(images);
  } catch (const Error&) {  // whose fault it is shows below
  }
  for (size_t i = 0; i < owners.size(); ++i) {
    owners[i]->photo.pixels = std::move(images[i]);
    if (faces.empty()) {
      detect_one(*owners[i]);
    } else {
      owners[i]->faces = std::move(faces.at(i));
    }
    to_whole(owners[i]->photo, owners[i]->faces);
  }
}

void ImageAligner::detect_one(Pending& pending) const try {
  pending.faces = detector_->detect({&pending.photo.pixels, 1}).at(0);
} catch (const Error& error) {
  pending.record.reason = what_is_wrong(error, "");
}

ImageRecord ImageAligner::finish(Pending pending) const {
  ImageRecord& record = pending.record;
  if (!record.reason.empty()) return std::move(record);
  Alignment alignment =
      choose_faces(std::move(pending.faces), record.width, record.height, task_.options.crop, task_.options.selection);
  record.status = alignment.fallback         ? AlignStatus::fallback
                  : alignment.chosen.empty() ? AlignStatus::no_face
                                             : AlignStatus::aligned;
  record.reason = std::move(alignment.reason);
  if (task_.landmarks != nullptr && alignment.faces.empty()) {
    record.reason =
        alignment.fallback ? "no landmarks are given; the centre of the image serves" : "no landmarks are given";
  }
  for (const size_t face : alignment.chosen) record.crops.push_back({face, "", *alignment.faces[face].transform, 0});
  if (alignment.fallback) record.crops.push_back({});
  record.faces = std::move(alignment.faces);
  const std::vector<Image> crops = cut_crops(task_, pending.index, record, std::move(pending.photo));
  for (size_t i = 0; i < crops.size(); ++i) {
    record.crops[i].file = task_.names.file(pending.index, i);
    record.crops[i].sharpness = sharpness(crops[i]);
    if (!task_.crops.empty()) write_crop(task_, pending.index, i, crops[i]);
  }
  return std::move(record);
}

}  // namespace facerec
