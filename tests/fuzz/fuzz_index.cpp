// An index of a gallery's templates, its header with a checksum that fits; searched, whatever its lists hold.
#include <cstring>

#include "facerec/core/error.h"
#include "facerec/gallery/index.h"
#include "fuzz/people.h"
#include "fuzz/scratch.h"
#include "fuzz/views.h"
#include "gallery/index_layout.h"
#include "gallery/matrix_layout.h"

namespace {

using namespace facerec;

void mend_checksum(std::string& bytes) {
  IndexHeader header;
  if (bytes.size() < sizeof header) return;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.key_bytes > longest_key || header.key_bytes > bytes.size() - sizeof header) return;
  header.crc = checksum_of(header, bytes.substr(sizeof header, header.key_bytes));
  std::memcpy(bytes.data(), &header, sizeof header);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::Scratch folder;
  static const TemplateMatrix people = [] {
    write_people(folder.path() / "people");
    return TemplateMatrix(folder.path() / "people");
  }();
  std::string bytes(reinterpret_cast<const char*>(data), size);
  mend_checksum(bytes);
  try {
    const TemplateIndex index(folder.write("index", bytes), people);
    const float queries[2][2] = {{1, 0}, {0.6F, -0.8F}};
    for (const int64_t probes : {int64_t{1}, index.lists()}) {
      for (const auto& matches : index.search({queries[0], 4}, 2, 3, probes, 1)) fuzz::require(matches.size() <= 3);
    }
  } catch (const DamagedTemplates&) {
  } catch (const Error& error) {
    fuzz::require(!error.file().empty());
  }
  return 0;
}
