// The landmarks of many images, kept compactly: those of ten million faces take a gigabyte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/texts.h"
#include "facerec/face/landmark_file.h"

namespace facerec {

class LandmarkTable : public LandmarkFile {
 public:
  // Faces belong to the image that was named last; an image may be named again. Throws Error for a path that holds a
  // NUL.
  void add_image(std::string_view path);
  void add_face(const Face& face);

  // To be called when all are added. Puts the left side of the image first where the file has the person's left first.
  // Throws Error when there are no faces, or when most of them have no shape of one.
  void finish();

  std::vector<Face> faces(const std::string& relative_path, const fs::path& file) const override;
  int64_t size() const override { return images_; }
  std::string note() const override { return note_; }

 private:
  using Places = std::span<const uint32_t>;  // of paths_, in order_

  void check_shapes() const;
  void put_image_left_first();
  void sort_paths();
  std::string_view path(uint32_t place) const { return paths_[place]; }
  Places ending_with(std::string_view path) const;  // as a whole or behind a '/'
  bool is_one_path(Places places) const { return !places.empty() && path(places.front()) == path(places.back()); }
  Places find(std::string_view relative_path, std::string_view file) const;
  std::vector<uint32_t> of_extension(Places places, std::string_view path) const;

  uint8_t number_of_extension(std::string_view path);

  Texts paths_;                      // without the extensions of images; of each add_image()
  std::vector<uint8_t> extensions_;  // theirs, in known_extensions_
  std::vector<std::string> known_extensions_;
  std::vector<uint64_t> ends_;  // of its faces, in faces_
  std::vector<Face> faces_;
  std::vector<uint32_t> order_;  // of paths_: backwards, file name first
  bool unique_names_ = true;     // no two paths have the same file name
  int64_t images_ = 0;           // of different paths, with a face
  std::string note_;
};

}  // namespace facerec
