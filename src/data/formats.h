// The formats of training sets that are not folders of images: each says what is its own, and opens it. Throw Error
// naming the file, and where there is one the offset; single images that cannot be used go to `problems`.
#pragma once

#include <memory>

#include "facerec/data/dataset.h"
#include "facerec/data/problems.h"

namespace facerec {

// InsightFace's and MXNet's RecordIO: a .rec file, or a folder with train.rec; train.idx and property beside it are
// used when they are there.
bool is_recordio(const fs::path& path);
std::shared_ptr<Dataset> open_recordio(const fs::path& path, Problems& problems);

// arcface-tf2's TFRecord: a .tfrecord, .tfrecords or .tfrecord.gz file, a folder of them, or a glob ("ms1m-*.tfrecord",
// several files make one set). `root`: what image/img_path is relative to; "": the folder of the file, else its parent.
bool is_tfrecord(const fs::path& path);
std::shared_ptr<Dataset> open_tfrecord(const fs::path& path, const fs::path& root, Problems& problems);

}  // namespace facerec
