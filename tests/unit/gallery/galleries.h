// A gallery in a folder of its own, and what is looked at in its files.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "facerec/core/error.h"
#include "facerec/core/random.h"
#include "facerec/gallery/gallery.h"
#include "support/reference.h"

namespace facerec::test {

inline constexpr int64_t dimension = 128;

inline std::vector<float> unit_vector(uint64_t seed) {
  Random random("gallery_test", {seed});
  std::vector<float> vector(dimension);
  double square = 0;
  for (float& value : vector) square += std::pow(value = static_cast<float>(random.normal(0, 1)), 2);
  for (float& value : vector) value /= static_cast<float>(std::sqrt(square));
  return vector;
}

inline const GalleryModel model{
    .identity = std::string(64, 'a'), .architecture = "net", .path = "/m.pt", .dimension = 128};

class GalleryTest : public testing::Test {
 protected:
  Gallery open() const { return Gallery::open_or_create(file_, model); }

  // An image of `name` with the embedding unit_vector(seed).
  static int64_t add(Gallery& gallery, const std::string& name, uint64_t seed, float quality = 1) {
    const std::vector<float> embedding = unit_vector(seed);
    const EnrolledImage image{std::to_string(seed) + ".jpg", "sha" + std::to_string(seed), embedding, quality};
    return gallery.add(name, {&image, 1});
  }

  bool holds(const fs::path& file, const std::vector<float>& embedding) const {
    const std::string bytes = read_text(file);
    const std::string_view all(reinterpret_cast<const char*>(embedding.data()), embedding.size() * sizeof(float));
    for (size_t i = 0; i + 16 <= all.size(); i += 16) {
      if (bytes.find(all.substr(i, 16)) != std::string::npos) return true;
    }
    return false;
  }

  std::string refusal(const fs::path& file) const {
    try {
      const Gallery gallery(file);
      (void)gallery.people();
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }

  const TemporaryFolder folder_;
  const fs::path file_ = folder_ / "g", matrix_ = folder_ / "g.matrix";
};

inline void execute(const fs::path& file, const char* sql) {
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &connection), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(connection, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(connection);
  sqlite3_close(connection);
}

}  // namespace facerec::test
