#include "data/formats.h"
namespace facerec {
bool is_recordio(const fs::path&) { return false; }
bool is_tfrecord(const fs::path&) { return false; }
std::shared_ptr<Dataset> open_recordio(const fs::path&, Problems&) { return nullptr; }
std::shared_ptr<Dataset> open_tfrecord(const fs::path&, const fs::path&, Problems&) { return nullptr; }
}  // namespace facerec
