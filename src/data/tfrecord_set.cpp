#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <set>

#include "data/formats.h"
#include "data/image_files.h"
#include "data/record_index.h"
#include "data/tfrecord.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "io/tf_example.h"
#include "io/tf_record.h"

namespace facerec {
namespace {

constexpr int64_t largest_label = INT32_MAX;

// A record: its image, or where that lies.
struct Face {
  uint32_t label;
  std::string_view filename;                // "" when it has none
  std::optional<std::string_view> encoded;  // not empty
  std::string_view path;                    // with the extension of an image
};

uint32_t label_of(const TfExample& example) {
  const std::optional<int64_t> label = example.number(tfrecord::label_feature);
  if (!label) throw Error(fmt::format("has no {}", tfrecord::label_feature));
  if (*label < 0 || *label > largest_label) {
    throw Error(fmt::format("{} is {}, and not within 0 … {}", tfrecord::label_feature, *label, largest_label));
  }
  return static_cast<uint32_t>(*label);
}

Face face_of(const TfExample& example) {
  Face face{label_of(example), example.bytes(tfrecord::filename_feature).value_or(""),
            example.bytes(tfrecord::encoded_feature), ""};
  if (face.encoded && face.encoded->empty()) throw Error(fmt::format("{} is empty", tfrecord::encoded_feature));
  if (face.encoded) return face;
  const std::optional<std::string_view> path = example.bytes(tfrecord::path_feature);
  if (!path) throw Error(fmt::format("has neither {} nor {}", tfrecord::encoded_feature, tfrecord::path_feature));
  const bool is_text = path->find('\0') == std::string_view::npos;
  const bool names_image = is_text && has_image_extension(std::string(*path));
  // A device or a file of another kind is not opened to see what it is.
  if (!names_image) {
    throw Error(fmt::format("{} '{}' names no image file", tfrecord::path_feature, printable(*path)));
  }
  face.path = *path;
  return face;
}

Face face_of(const TfRecord& record, uint64_t offset) {
  try {
    if (!record.intact()) throw Error("the record's checksum is wrong");
    return face_of(TfExample(record.data, offset + tf_record_head));
  } catch (Error& error) {
    if (error.offset()) throw;
    throw std::move(error).offset(offset);
  }
}

// A name in a folder of images; hidden ones would be left out there.
bool is_plain_name(std::string_view name) {
  const bool is_one = name.find('/') == std::string_view::npos;
  return !name.empty() && name.size() <= 255 && name[0] != '.' && is_one && name == printable(name, name.size());
}

// "identity" of ".../identity/file.jpg", or "".
std::string_view folder_of(std::string_view path) {
  const size_t end = path.rfind('/');
  if (end == std::string_view::npos) return "";
  const std::string_view folders = path.substr(0, end);
  const std::string_view last = folders.substr(folders.rfind('/') + 1);
  return is_plain_name(last) ? last : "";
}

// One record file and its index.
class Part {
 public:
  Part(fs::path path, Problems& problems) : path_(std::move(path)), records_(tfrecord::open_records(path_)) {
    const int64_t before = problems.count();
    index_ = open_record_index(
        {path_}, [this](RecordSink& sink) { scan(sink); }, problems);
    left_out_ = problems.count() - before;
  }

  const fs::path& path() const { return path_; }
  const std::shared_ptr<const RecordIndex>& index() const { return index_; }

  TfRecordReader reader() const { return {*records_.file, records_.size}; }

  // In the memory of `reader`. Throws Error naming the record.
  Face face(int64_t i, TfRecordReader& reader) const {
    try {
      const uint64_t offset = index_->offset(i);
      return face_of(reader.read(offset), offset);
    } catch (Error& error) {
      throw std::move(error).file(name(i));
    }
  }

  std::string name(int64_t i) const { return fmt::format("{}#{}", text_of(path_), number_of(i)); }

 private:
  void scan(RecordSink& sink) const {
    const ForwardSource forward(*records_.file);
    TfRecordReader records(forward, records_.size);
    int64_t number = 0;
    try {
      for (uint64_t at = 0; at < records_.size; ++number) {
        const TfRecord record = records.read(at);
        scan(record, at, number, sink);
        at = record.end;
      }
    } catch (Error& error) {
      if (!error.file().empty()) throw;
      throw std::move(error).file(text_of(path_));
    }
  }

  void scan(const TfRecord& record, uint64_t at, int64_t number, RecordSink& sink) const {
    std::optional<uint32_t> label;
    std::string fault;
    try {
      label = face_of(record, at).label;
    } catch (const Error& error) {
      fault = error.what();
    }
    if (label) return sink.add(at, *label);
    sink.leave_out({fmt::format("#{}", number), fault});
  }

  // The index leaves records out; which, only messages need to know.
  int64_t number_of(int64_t i) const {
    if (left_out_ == 0) return i;
    std::call_once(gaps_found_, [this] { find_gaps(); });
    return i + (std::upper_bound(gaps_.begin(), gaps_.end(), i) - gaps_.begin());
  }

  void find_gaps() const try {
    const TfRecordReader records = reader();
    int64_t i = 0;
    for (uint64_t at = 0; i < index_->size(); at = records.end_of(at)) {
      if (at == index_->offset(i)) {
        ++i;
      } else {
        gaps_.push_back(i);
      }
    }
  } catch (const Error&) {
    // The file has changed since, and what asks for a name is about to say so.
  }

  fs::path path_;
  tfrecord::Records records_;
  std::shared_ptr<const RecordIndex> index_;
  int64_t left_out_ = 0;
  mutable std::once_flag gaps_found_;
  mutable std::vector<int64_t> gaps_;  // for each record left out, the index of the image behind it
};

class TfRecordSet : public Dataset {
 public:
  TfRecordSet(const std::vector<fs::path>& files, fs::path root, Problems& problems)
      : root_(std::move(root)), parts_(open_parts(files, problems)), classes_(indices()) {
    for (const auto& part : parts_) {
      starts_.push_back(size_);
      size_ += part->index()->size();
    }
  }

  int64_t size() const override { return size_; }
  int64_t classes() const override { return classes_.classes(); }
  int64_t label(int64_t index) const override {
    const auto [part, i] = place_of(index);
    return classes_.class_of(part->index()->label(i));
  }
  std::string name(int64_t index) const override {
    const auto [part, i] = place_of(index);
    return part->name(i);
  }

  Sample read(int64_t index) const override {
    const auto [part, i] = place_of(index);
    TfRecordReader reader = part->reader();
    const Face face = part->face(i, reader);
    if (!face.encoded) return {read_named_file(*part, i, face.path), {}};
    const auto bytes = std::as_bytes(std::span(*face.encoded));
    return {{bytes.begin(), bytes.end()}, {}};
  }

  // The folder of the class's first image, when each class has one of its own; else the label in the file.
  std::string class_name(int64_t label) const override {
    const std::string& folder = folder_of_class(label);
    return folder.empty() ? own_number(label) : folder;
  }
  bool has_name(int64_t label) const override { return !folder_of_class(label).empty(); }

  std::string relative_path(int64_t index) const override {
    const auto [part, i] = place_of(index);
    TfRecordReader reader = part->reader();
    const std::string path(part->face(i, reader).filename), folder = class_name(label(index)) + "/";
    return path.starts_with(folder) && is_plain_name(path.substr(folder.size())) ? path : Dataset::relative_path(index);
  }

 private:
  struct Place {
    const Part* part;
    int64_t i;  // in it
  };

  static std::vector<std::unique_ptr<Part>> open_parts(const std::vector<fs::path>& files, Problems& problems) {
    std::vector<std::unique_ptr<Part>> parts;
    for (const fs::path& file : files) parts.push_back(std::make_unique<Part>(file, problems));
    return parts;
  }

  std::vector<std::shared_ptr<const RecordIndex>> indices() const {
    std::vector<std::shared_ptr<const RecordIndex>> all;
    all.reserve(parts_.size());
    for (const auto& part : parts_) all.push_back(part->index());
    return all;
  }

  Place place_of(int64_t index) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), index);
    const auto part = static_cast<size_t>(after - starts_.begin()) - 1;
    return {parts_.at(part).get(), index - starts_[part]};
  }

  std::vector<std::byte> read_named_file(const Part& part, int64_t i, const fs::path& path) const {
    const fs::path folder = fs::absolute(part.path()).parent_path();
    const auto places =
        root_.empty() ? std::vector{folder / path, folder.parent_path() / path} : std::vector{root_ / path};
    try {
      std::error_code code;
      for (const fs::path& place : places) {
        if (fs::is_regular_file(place, code)) return read_image_file(place);
      }
      throw Error("is no file")
          .file(text_of(places.front()))
          .hint("it is looked for below the folder of the records and the one above, or below the root that is given");
    } catch (Error& error) {
      throw Error(fmt::format("{} {}: {}", tfrecord::path_feature, printable(error.file(), 1000), error.message()))
          .file(part.name(i))
          .hint(error.hint());
    }
  }

  const std::string& folder_of_class(int64_t label) const {
    std::call_once(named_, [this] { name_classes(); });
    return folders_.at(static_cast<size_t>(label));
  }

  std::string own_number(int64_t label) const { return std::to_string(classes_.label_of(label)); }

  void name_classes() const {
    std::vector<std::string> folders(static_cast<size_t>(classes()));
    std::vector<bool> seen(folders.size());
    for (int64_t index = 0; index < size_; ++index) {
      const auto number = static_cast<size_t>(label(index));
      if (seen[number]) continue;
      seen[number] = true;
      const auto [part, i] = place_of(index);
      TfRecordReader reader = part->reader();
      const Face face = part->face(i, reader);
      folders[number] = folder_of(face.encoded ? face.filename : face.path);
    }
    std::set<std::string> names;
    for (size_t i = 0; i < folders.size(); ++i) {
      names.insert(folders[i].empty() ? own_number(static_cast<int64_t>(i)) : folders[i]);
    }
    if (names.size() < folders.size()) folders.assign(folders.size(), "");
    folders_ = std::move(folders);
  }

  fs::path root_;
  std::vector<std::unique_ptr<Part>> parts_;
  ClassNumbers classes_;
  std::vector<int64_t> starts_;  // of each part, the index of its first image
  int64_t size_ = 0;
  mutable std::once_flag named_;
  mutable std::vector<std::string> folders_;  // of each class; "": none of its own
};

}  // namespace

bool is_tfrecord(const fs::path& path) {
  std::error_code code;
  const std::vector<fs::path> files = tfrecord::record_files(path);
  if (files.empty()) return !fs::exists(path, code) && tfrecord::is_record_name(path);
  return tfrecord::is_record_name(files.front());
}

std::shared_ptr<Dataset> open_tfrecord(const fs::path& path, const fs::path& root, Problems& problems) {
  std::error_code code;
  const std::vector<fs::path> files = tfrecord::record_files(path);
  if (files.empty()) {
    throw Error::usage(fs::exists(path, code) ? "holds no .tfrecord file" : "names no file").file(text_of(path));
  }
  const auto before = static_cast<size_t>(problems.count());
  auto set = std::make_shared<TfRecordSet>(files, root, problems);
  if (set->size() > 0) return set;
  const std::string first = before < problems.list().size() ? problems.list()[before].reason : "";
  throw Error(fmt::format("holds no image that can be used; the first record: {}", first)).file(text_of(path));
}

}  // namespace facerec
