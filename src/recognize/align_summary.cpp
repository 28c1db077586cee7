#include "recognize/align_summary.h"

#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

// Lists of images take a line an image, so that they can be written and searched without all of them in memory.
constexpr const char* first_list = "\n  \"without_crop\": [";

class SummaryText {
 public:
  explicit SummaryText(const fs::path& path) : file_(path) {}
  void write(std::string_view text) {
    constexpr size_t buffered = size_t{1} << 20;
    buffer_ += text;
    if (buffer_.size() >= buffered) flush();
  }
  void commit() {
    flush();
    file_.commit();
  }

 private:
  void flush() {
    file_.write(buffer_);
    buffer_.clear();
  }
  AtomicFile file_;
  std::string buffer_;
};

std::string without_crop_line(const ImageRecord& record) {
  return to_json_text({{"image", record.image}, {"status", name_of(record.status)}, {"reason", record.reason}});
}

}  // namespace

void AlignTally::add(const ImageRecord& record) {
  if (record.crops.empty()) without_crop_.push_back(static_cast<uint32_t>(counts_.images));
  has_crop_.push_back(!record.crops.empty());
  ++counts_.images;
  counts_.aligned += record.status == AlignStatus::aligned ? 1 : 0;
  counts_.fallback += record.status == AlignStatus::fallback ? 1 : 0;
  counts_.no_face += record.status == AlignStatus::no_face ? 1 : 0;
  counts_.failed += record.status == AlignStatus::failed ? 1 : 0;
  counts_.faces += static_cast<int64_t>(record.faces.size());
  counts_.crops += static_cast<int64_t>(record.crops.size());
}

void write_align_summary(const fs::path& file, const Json& head, const JournalLines& lines, const AlignTally& tally) {
  std::string opening = to_json_text(head, 2);
  opening.resize(opening.rfind("\n}"));
  SummaryText text(file);
  text.write(opening + ",");
  text.write(first_list);
  const char* separator = "\n    ";
  for (const uint32_t line : tally.without_crop()) {
    text.write(separator + without_crop_line(lines.record(line)));
    separator = ",\n    ";
  }
  text.write("\n  ],");
  text.write(list_of_images);
  separator = "\n    ";
  for (int64_t i = 0; i < lines.size(); ++i) {
    text.write(separator);
    text.write(lines.line(i));
    separator = ",\n    ";
  }
  text.write("\n  ]\n}\n");
  text.commit();
}

nlohmann::ordered_json read_align_summary(const fs::path& file) {
  const MappedFile mapped(file);
  const std::string_view text(reinterpret_cast<const char*>(mapped.bytes().data()), mapped.bytes().size());
  try {
    const size_t end = text.find(first_list);
    if (end == std::string_view::npos || end == 0) throw Error("is no summary of facerec align").file(text_of(file));
    return Json::parse(std::string(text.substr(0, end - 1)) + "}");
  } catch (const nlohmann::json::exception& fault) {
    throw Error(std::string("is damaged: ") + fault.what()).file(text_of(file));
  }
}

bool is_align_summary(const fs::path& file) try {
  const Json head = read_align_summary(file);
  const auto has = [&](const char* key) { return head.contains(key) && head[key].is_object(); };
  return head.contains("schema") && head["schema"] == 1 && has("options") && has("counts") && has("left_out");
} catch (const Error&) {
  return false;
}

}  // namespace facerec
