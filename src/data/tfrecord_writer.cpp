#include "data/pack_writer.h"
#include "data/tfrecord.h"
#include "facerec/core/error.h"
#include "io/tf_example.h"
#include "io/tf_record.h"

namespace facerec {
namespace {

class TfRecordWriter : public PackWriter {
 public:
  TfRecordWriter(const fs::path& path, uint64_t keep) : file_(path, keep) {}

  // In the order in which TensorFlow's own writer puts these names.
  void append(const PackItem& item) override {
    TfExampleWriter example;
    example.add(tfrecord::filename_feature, item.path);
    example.add(tfrecord::label_feature, item.label);
    example.add(tfrecord::encoded_feature, {reinterpret_cast<const char*>(item.encoded.data()), item.encoded.size()});
    const std::string message = example.message();
    try {
      file_.write(write_tf_record(std::as_bytes(std::span(message))));
    } catch (Error& error) {
      if (!error.file().empty()) throw;
      throw std::move(error).file(item.path);
    }
  }

  std::vector<uint64_t> sync() override {
    file_.sync();
    return {file_.size()};
  }

  void finish() override { file_.commit(); }

 private:
  GrowingFile file_;
};

}  // namespace

std::unique_ptr<PackWriter> tfrecord_writer(const fs::path& file, std::span<const uint64_t> sizes) {
  return std::make_unique<TfRecordWriter>(file, sizes.empty() ? 0 : sizes.front());
}

}  // namespace facerec
