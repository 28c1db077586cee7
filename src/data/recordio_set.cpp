#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "data/formats.h"
#include "data/recordio_names.h"
#include "data/recordio_scan.h"
#include "facerec/core/error.h"
#include "io/recordio.h"

namespace facerec {
namespace {

class RecordSet : public Dataset {
 public:
  RecordSet(RecordPaths paths, std::optional<RecordProperty> property, Problems& problems)
      : paths_(std::move(paths)),
        property_(property),
        records_(paths_.records),
        index_(open_index(problems)),
        classes_({index_}),
        names_(records_, paths_, *index_, classes_) {
    if (index_->size() == 0) throw Error("holds no image").file(text_of(paths_.records));
  }

  int64_t size() const override { return index_->size(); }
  int64_t classes() const override { return classes_.classes(); }
  int64_t label(int64_t index) const override { return classes_.class_of(index_->label(index)); }

  std::string name(int64_t index) const override {
    return fmt::format("{}#{}", text_of(paths_.records), names_.key(index).value_or(static_cast<uint64_t>(index)));
  }

  std::string class_name(int64_t label) const override {
    return names_.identity(label).value_or(std::to_string(classes_.label_of(label)));
  }

  bool has_name(int64_t label) const override { return names_.identity(label).has_value(); }

  std::string relative_path(int64_t index) const override {
    return names_.path(index).value_or(Dataset::relative_path(index));
  }

  Sample read(int64_t index) const override {
    const uint64_t offset = index_->offset(index);
    try {
      std::vector<std::byte> payload = read_record(records_, offset);
      const RecordHeader header = parse_record_header(payload, payload.size());
      if (header.image_size == 0 || label_of(header.label[0]) != index_->label(index)) {
        throw Error("has changed since it was indexed");
      }
      payload.erase(payload.begin(), payload.end() - static_cast<int64_t>(header.image_size));
      return {std::move(payload), {}};
    } catch (Error& error) {
      const uint64_t fault = error.offset().value_or(offset);
      throw std::move(error).file(name(index)).offset(fault);
    }
  }

 private:
  std::shared_ptr<const RecordIndex> open_index(Problems& problems) const {
    std::vector<fs::path> files{paths_.records};
    for (const fs::path& path : {paths_.index, paths_.property}) {
      if (!path.empty()) files.push_back(path);
    }
    return open_record_index(
        files, [this](RecordSink& sink) { scan(sink); }, problems);
  }

  void scan(RecordSink& sink) const {
    std::vector<RecordKey> lines;
    if (!paths_.index.empty()) {
      const MappedFile file(paths_.index);
      const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
      lines = parse_record_keys(text, records_.size(), paths_);
    }
    const RecordKeys keys = order_record_keys(std::move(lines), records_, paths_);
    if (keys.keys.empty() && !keys.ranges) {
      spdlog::warn("{}: has no .idx beside it, or an empty one: its records are taken as they come",
                   text_of(paths_.records));
    }
    scan_records(ForwardSource(records_), paths_, keys, property_, sink);
  }

  const RecordPaths paths_;
  const std::optional<RecordProperty> property_;
  const FileSource records_;
  const std::shared_ptr<const RecordIndex> index_;
  const ClassNumbers classes_;
  const RecordNames names_;
};

constexpr uint64_t property_limit = 4096;  // bytes; some 20 are usual

std::optional<RecordProperty> read_property(const fs::path& path) {
  if (path.empty()) return {};
  try {
    return parse_record_property(read_text(path, property_limit));
  } catch (Error& error) {
    throw std::move(error).file(text_of(path));
  }
}

}  // namespace

bool is_recordio(const fs::path& path) {
  std::error_code code;
  if (fs::is_directory(path, code)) return fs::is_regular_file(path / "train.rec", code);
  return path.extension() == ".rec";
}

std::shared_ptr<Dataset> open_recordio(const fs::path& path, Problems& problems) {
  std::error_code code;
  const fs::path records = fs::is_directory(path, code) ? path / "train.rec" : path;
  if (!fs::exists(records, code)) throw Error::usage("does not exist").file(text_of(records));
  const auto when_there = [&](const fs::path& file) { return fs::exists(file, code) ? file : fs::path(); };
  const auto beside = [&](const char* extension) { return when_there(fs::path(records).replace_extension(extension)); };
  RecordPaths paths{.records = records,
                    .index = beside(".idx"),
                    .property = when_there(records.parent_path() / "property"),
                    .list = beside(".lst")};
  const std::optional<RecordProperty> property = read_property(paths.property);
  return std::make_shared<RecordSet>(std::move(paths), property, problems);
}

}  // namespace facerec
