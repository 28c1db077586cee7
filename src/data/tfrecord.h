// What reading and writing training sets in TensorFlow's record files share. The features are those of arcface-tf2
// (github.com/peteryuX/arcface-tf2, data/convert_train_{,binary_}tfrecord.py).
#pragma once

#include <memory>
#include <vector>

#include "facerec/core/files.h"
#include "io/byte_source.h"

namespace facerec::tfrecord {

inline constexpr const char* label_feature = "image/source_id";    // an integer, 0 … 2^31 − 1
inline constexpr const char* filename_feature = "image/filename";  // identity/file.jpg
inline constexpr const char* encoded_feature = "image/encoded";    // the bytes of an image file
inline constexpr const char* path_feature = "image/img_path";      // of an image file, where there is no image/encoded

// True for *.tfrecord and *.tfrecords, both also with .gz, and for parts as TensorFlow calls them,
// *.tfrecord-00000-of-00010; in any case.
bool is_record_name(const fs::path& path);

// The files that `path` names, by name: itself; those of a folder with such names; those in its folder that match it
// when its last part is a pattern with *, ? or [ (without hidden files and what facerec keeps beside others). Empty
// when there is none.
std::vector<fs::path> record_files(const fs::path& path);

// A file whose first `size` bytes are records; `file` is null where there is none.
struct Records {
  std::unique_ptr<FileSource> file;
  uint64_t size = 0;
};

// A compressed file is unpacked into `path`.facerec-unpacked or, where that folder takes no file, into the cache, once
// for each of its sizes and times of change; offsets of records are then those in what it unpacks to. Throws Error
// naming the file when it holds nothing, its stream is damaged or unpacks to something other than records, and when
// there is no place for it.
Records open_records(const fs::path& path);

}  // namespace facerec::tfrecord
