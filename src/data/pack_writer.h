// What `pack` writes training sets with: one implementation a format.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

struct PackItem {
  std::vector<std::byte> encoded;  // the bytes of an image file
  int64_t label = 0;
  std::string path;  // identity/file.jpg
};

// Writes images one after the other; killed after a sync(), the next process goes on from there. Nothing has its final
// name before finish().
class PackWriter {
 public:
  virtual ~PackWriter() = default;
  virtual void append(const PackItem& item) = 0;
  virtual std::vector<uint64_t> sync() = 0;  // all on the disk; the sizes of its files
  virtual void finish() = 0;
};

// `sizes`: what the last sync() of an earlier process returned; empty: from the start.
//
// A folder with train.rec, train.idx, train.lst and property (classes,height,width of the first image) in InsightFace's
// identity-header form: key 0 tells the ranges, images are keys 1 … N, then a key an identity. The labels come
// ascending. `written`: the labels of the images that earlier processes wrote, as many as lie within `sizes`; images
// are left out when they cannot be read, so the labels of all are known at finish() alone.
std::unique_ptr<PackWriter> recordio_writer(const fs::path& folder, std::vector<uint32_t> written,
                                            std::span<const uint64_t> sizes);

// One file as arcface-tf2 writes it: image/source_id, image/filename, image/encoded.
std::unique_ptr<PackWriter> tfrecord_writer(const fs::path& file, std::span<const uint64_t> sizes);

// Image files in `folder`, each at its path.
std::unique_ptr<PackWriter> folder_writer(const fs::path& folder, std::span<const uint64_t> sizes);

// A line `path<TAB>label` an image; the bytes are left where they are.
std::unique_ptr<PackWriter> list_writer(const fs::path& file, std::span<const uint64_t> sizes);

}  // namespace facerec
