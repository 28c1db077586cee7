// The index of a TensorFlow checkpoint over a .data file of a few numbers; checksums of its blocks that fit.
#include "facerec/core/error.h"
#include "facerec/io/keras.h"
#include "fuzz/scratch.h"
#include "fuzz/views.h"
#include "io/leveldb_table.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace facerec;
  static const fuzz::Scratch folder;
  static const fs::path shard = folder.write("x.data-00000-of-00001", std::string_view("\0\0\x80\x3F\0\0\0\x40", 8));
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    for (const TableEntry& entry : read_table(std::as_bytes(std::span(bytes)))) {
      fuzz::require(entry.value.data() >= bytes.data() && entry.value.end() <= bytes.end());
    }
  } catch (const Error&) {
  }
  try {
    fuzz::use(open_tensorflow_checkpoint(folder.write("x.index", bytes)));
  } catch (const Error& error) {
    fuzz::require(!error.file().empty());
  }
  return 0;
}
