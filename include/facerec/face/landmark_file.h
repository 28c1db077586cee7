// Landmarks that a data set brings along, in place of a detector.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/face/face.h"

namespace facerec {

class LandmarkFile {
 public:
  virtual ~LandmarkFile() = default;

  // The faces that the file has for an image, given by its place in the data set ("identity/file.jpg") or by the place of its
  // file; the same entry serves both. Empty: it has none. Throws Error naming file and line for an entry that cannot be read.
  // Thread-safe.
  virtual std::vector<Face> faces(const std::string& relative_path, const fs::path& file) const = 0;

  virtual int64_t size() const = 0;  // images that it has faces for; −1: not known before they are asked for
};

// By content:
//     a text file, an image a line:  path x1 y1 … x5 y5   (spaces, tabs or commas; lines of # are comments). Ten numbers
//         are five points; fourteen a box x1 y1 x2 y2 before them; fifteen a score after the box
//     CSV with a header that names the columns
//     CelebA's list_landmarks_(align_)celeba.txt: a count, a line of names, then a line an image
//     WIDER FACE's labels of RetinaFace: `# path`, then a line a face: x y w h, then five times x y visibility
//     dlib's XML with 68 parts a box (eyes, nose and mouth are taken from them)
//     an align.json or align.jsonl of `facerec align`
//     a folder, or the word `beside`: a .txt beside each image or below the folder, as K-Face has them: lines of two numbers
//         are points, a line of four the box
// Throws Error naming file and line for anything else.
std::unique_ptr<LandmarkFile> open_landmarks(const std::string& path);

}  // namespace facerec
