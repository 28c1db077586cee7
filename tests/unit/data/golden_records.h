// The golden RecordIO sets, and what they hold.
#pragma once

#include <algorithm>

#include "data/formats.h"
#include "support/manifest.h"

namespace facerec::test {

// A copy of a golden set: an index is kept beside what is opened.
class Copy {
 public:
  explicit Copy(const std::string& name) : path(folder_ / "set") { fs::copy(formats() / name, path); }
  std::shared_ptr<Dataset> open() { return open_recordio(path, problems); }

 private:
  TemporaryFolder folder_;

 public:
  const fs::path path;
  Problems problems;
};

// In manifest.json a label is a number, or all floats of a record.
inline std::vector<int64_t> labels_of(const nlohmann::json& entry) {
  std::vector<int64_t> labels;
  for (const nlohmann::json& label : entry.at("labels"))
    labels.push_back(label.is_array() ? label.at(0).get<int64_t>() : label.get<int64_t>());
  return labels;
}

inline void expect_images(const Dataset& data, const nlohmann::json& entry) {
  const std::vector<int64_t> labels = labels_of(entry);
  ASSERT_EQ(data.size(), entry.at("images"));
  for (int64_t i = 0; i < data.size(); ++i) {
    const std::string key = entry.at("image_keys").at(static_cast<size_t>(i));
    EXPECT_EQ(data.label(i), labels.at(static_cast<size_t>(i)));
    EXPECT_EQ(image_key(data.read(i).encoded), key) << i;
    expect_pixels(load_image(data, i), key);
  }
  EXPECT_EQ(data.classes(), 1 + *std::ranges::max_element(labels));
}

}  // namespace facerec::test
