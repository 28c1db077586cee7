// A template matrix, its header with a checksum that fits; searched, whatever its parts hold.
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "facerec/core/error.h"
#include "facerec/gallery/search.h"
#include "fuzz/views.h"
#include "gallery/matrix_layout.h"

namespace {

using namespace facerec;

void mend_checksum(std::string& bytes) {
  MatrixHeader header;
  if (bytes.size() < sizeof header) return;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.key_bytes > longest_key || header.key_bytes > bytes.size() - sizeof header) return;
  header.crc = checksum_of(header, bytes.substr(sizeof header, header.key_bytes));
  std::memcpy(bytes.data(), &header, sizeof header);
}

void search_in(const fs::path& file) {
  const TemplateMatrix matrix(file);
  fuzz::require(matrix.ids().size() * static_cast<uint64_t>(matrix.dimension()) == matrix.rows().size());
  std::vector<float> queries(2 * static_cast<size_t>(matrix.dimension()));
  queries.front() = 1;
  queries.back() = -1;
  if (matrix.dimension() == 1) queries = {1, -1};
  for (const auto& matches : search(matrix, queries, 2, 3, 1)) fuzz::require(matches.size() <= 3);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  mend_checksum(bytes);
  const int file = memfd_create("matrix", MFD_CLOEXEC);
  fuzz::require(write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  try {
    search_in("/proc/self/fd/" + std::to_string(file));
  } catch (const Error&) {
  }
  close(file);
  return 0;
}
