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

  // The faces that the file has for an image, given by its place in the data set ("identity/file.jpg") and by the
  // place of its file. Paths are compared without the extensions of images, unless the file has entries for
  // several (a.jpg and a.png). An entry serves the image
  //     when its path is one of these places or the end of one ("file" of "identity/file"),
  //     when it alone ends with the place in the data set,
  //     when it has the image's file name, in a file where no two paths share one.
  // Empty: there is none. Throws Error naming file and line for an entry that cannot be read. Thread-safe.
  virtual std::vector<Face> faces(const std::string& relative_path, const fs::path& file) const = 0;

  virtual int64_t size() const = 0;  // images that it has faces for; −1: not known before they are asked for

  // What a user should be told of how the file was understood, once it has been used; "": nothing.
  virtual std::string note() const { return ""; }
};

// By content:
//     a text file, an image a line, separated by spaces, tabs or commas: path x1 y1 … x5 y5; before these x1 y1 x2 y2
//         of a box, or those and a score; lines of # are comments
//     CSV with a header that names the columns (as in CelebA's and VGGFace2's lists, and the like)
//     CelebA's list_landmarks_(align_)celeba.txt: a count, a line of names, then a line an image
//     WIDER FACE's labels of RetinaFace: `# path`, then a line a face: x y w h, five times x y visibility; faces
//         without points are passed by
//     dlib's XML with 68 parts a box
//     an align.json of `facerec align`, or the records of its `images`, one a line
//     a folder, or the word `beside`: a .txt below the folder at the image's place in the data set, or beside each
//         image, as K-Face has them: lines of two numbers are points, one of four is the box, x1 y1 x2 y2, or x y w h
//         where only that holds the points
//
// Coordinates are pixels. Of 68 points (iBUG 300-W, as dlib finds them) five are made: the middle of each eye's six,
// the nose's tip (30), the corners of the mouth (48, 54). Without a box, one of twice the points' extent is taken;
// without a score, 1. What lies on the image's left comes first, in CelebA's lists too. Where left and right have
// changed places in most faces of a file, they are exchanged in all of it (of files beside images: in each such file),
// and note() tells so.
//
// Throws a usage Error naming file and line (of align.json: the image) for anything else, and for a file most of whose
// points are not arranged as in a face (such as x1 … x5 y1 … y5).
std::unique_ptr<LandmarkFile> open_landmarks(const std::string& path);

}  // namespace facerec
