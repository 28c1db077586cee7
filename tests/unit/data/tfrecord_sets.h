// Record files of TensorFlow, made and opened.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "data/formats.h"
#include "facerec/core/error.h"
#include "io/tf_example.h"
#include "io/tf_record.h"
#include "support/manifest.h"
#include "support/reference.h"

namespace facerec::tfrecord {

using test::TemporaryFolder;

template <class Work>
Error error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  return Error("no error");
}

inline std::shared_ptr<Dataset> open(const fs::path& path, const fs::path& root = "") {
  Problems strict(true);
  return open_tfrecord(path, root, strict);
}

inline std::string content_of(const fs::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string record_of(const TfExampleWriter& example) {
  const std::string message = example.message();
  const std::vector<std::byte> record = write_tf_record(std::as_bytes(std::span(message)));
  return {reinterpret_cast<const char*>(record.data()), record.size()};
}

inline std::string binary_record(int64_t label, const std::string& filename, const std::string& encoded = "image") {
  TfExampleWriter example;
  example.add("image/source_id", label);
  example.add("image/filename", filename);
  example.add("image/encoded", encoded);
  return record_of(example);
}

inline std::string path_record(int64_t label, const std::string& path) {
  TfExampleWriter example;
  example.add("image/source_id", label);
  example.add("image/img_path", path);
  return record_of(example);
}

inline std::string encoded_of(const Dataset& data, int64_t index) {
  const Sample sample = data.read(index);
  return {reinterpret_cast<const char*>(sample.encoded.data()), sample.encoded.size()};
}

// A folder like the golden one, that indices may be written into, and a cache of its own.
class TfRecordSetTest : public testing::Test {
 protected:
  TfRecordSetTest() { ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1); }
  ~TfRecordSetTest() override { ::unsetenv("XDG_CACHE_HOME"); }

  // Of a golden file, which stays what it is.
  fs::path copy(const fs::path& path) {
    const fs::path to = folder.path() / fs::relative(path, test::formats());
    fs::create_directories(to.parent_path());
    fs::copy_file(path, to);
    return to;
  }

  fs::path write(const std::string& name, const std::string& content) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << content;
    return folder / name;
  }

  TemporaryFolder folder;
};

}  // namespace facerec::tfrecord
