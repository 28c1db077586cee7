#include "data/evaluation_formats.h"
#include "data/formats.h"
namespace facerec {
bool is_recordio(const fs::path&) { return false; }
bool is_tfrecord(const fs::path&) { return false; }
std::shared_ptr<Dataset> open_recordio(const fs::path&, Problems&) { return nullptr; }
std::shared_ptr<Dataset> open_tfrecord(const fs::path&, const fs::path&, Problems&) { return nullptr; }
bool is_verification_pack(const fs::path&) { return false; }
PairSet open_verification_pack(const fs::path&, const std::string&) { return {}; }
bool is_bcolz(const fs::path&) { return false; }
PairSet open_bcolz(const fs::path&, const std::string&) { return {}; }
}  // namespace facerec
