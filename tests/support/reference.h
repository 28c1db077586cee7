// Golden files of the peers, and real images: found through FACEREC_TEST_DATA, else in ../shared beside the checkout.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace facerec::test {

// The folder with data/ and reference/, or "" when this machine has none.
inline std::filesystem::path test_data() {
  if (const char* given = std::getenv("FACEREC_TEST_DATA")) return given;
  const std::filesystem::path beside = std::filesystem::path(FACEREC_SOURCE_DIR) / ".." / "shared";
  return std::filesystem::exists(beside / "reference") ? beside : std::filesystem::path();
}

inline nlohmann::json load_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path.string());
  return nlohmann::json::parse(file);
}

// A folder of its own for one test, removed afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "facerec-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace facerec::test

// Skips by name where the golden files are absent.
#define FACEREC_NEEDS_TEST_DATA()         \
  if (facerec::test::test_data().empty()) \
  GTEST_SKIP() << "golden files not found: set FACEREC_TEST_DATA to the folder that has reference/ and data/"
