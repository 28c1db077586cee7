#include "facerec/face/landmark_file.h"

#include "face/landmark_folder.h"
#include "face/landmark_forms.h"
#include "facerec/core/error.h"

namespace facerec {

std::unique_ptr<LandmarkTable> parse_landmarks(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  auto table = std::make_unique<LandmarkTable>();
  const size_t begin = text.find_first_not_of(" \t\r\n");
  const char first = begin == std::string_view::npos ? '\0' : text[begin];
  if (first == '<') {
    read_dlib_xml(text, *table);
  } else if (first == '{' || first == '[') {
    read_align_json(text, *table);
  } else if (are_wider_labels(text)) {
    read_wider_labels(text, *table);
  } else if (is_landmark_csv(text)) {
    read_landmark_csv(text, *table);
  } else {
    read_landmark_lines(text, *table);
  }
  table->finish();
  return table;
}

std::unique_ptr<LandmarkFile> open_landmarks(const std::string& path) {
  if (path == "beside") return std::make_unique<LandmarkFolder>("");
  std::error_code code;
  if (fs::is_directory(path, code)) return std::make_unique<LandmarkFolder>(path);
  if (!fs::exists(path, code)) {
    throw Error::usage("does not exist")
        .file(path)
        .hint("name a file of landmarks, a folder of them, or `beside` for those beside the images");
  }
  const MappedFile file(path);
  try {
    return parse_landmarks({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
  } catch (Error& error) {
    throw std::move(error).file(path);
  }
}

}  // namespace facerec
