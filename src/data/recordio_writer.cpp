#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "data/pack_writer.h"
#include "facerec/core/error.h"
#include "facerec/image/image.h"
#include "io/recordio.h"

namespace facerec {
namespace {

// What sync() returns, in this order.
constexpr const char* file_names[] = {"train.rec", "train.idx", "train.lst", "property"};

// An earlier process may have died while it gave the files their names.
void take_names_back(const fs::path& folder) {
  for (const char* name : file_names) {
    const fs::path path = folder / name, part = path.string() + ".part";
    std::error_code ignored;
    if (!fs::exists(part, ignored)) fs::rename(path, part, ignored);
  }
}

// How many lines the first `size` bytes of a .idx have: the key of the last one, as keys count from 1.
uint64_t last_key(const fs::path& index, uint64_t size) {
  if (size == 0) return 0;
  constexpr uint64_t longest_line = 42;  // two numbers of 64 bits, a tab, an end
  const FileSource file(index);
  if (file.size() < size) throw Error("has lost what was written to it").file(text_of(index));
  std::string text(std::min(size, longest_line), '\0');
  file.read(size - text.size(), std::as_writable_bytes(std::span(text)));
  const size_t before = text.size() < 2 ? std::string::npos : text.rfind('\n', text.size() - 2);
  const char* begin = text.data() + (before == std::string::npos ? 0 : before + 1);
  uint64_t key = 0;
  if (text.back() != '\n' || std::from_chars(begin, text.data() + text.size(), key).ec != std::errc{}) {
    throw Error("is not what was written to it").file(text_of(index));
  }
  return key;
}

void check_labels(const std::vector<uint32_t>& labels, const fs::path& folder) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (i == 0 ? labels[0] == 0 : labels[i] == labels[i - 1] || labels[i] == labels[i - 1] + 1) continue;
    throw Error("the labels must ascend from 0 without a gap").file(text_of(folder));
  }
  // float32 tells whole numbers apart up to here.
  if (!labels.empty() && labels.back() > uint32_t{1} << 24) {
    throw Error("RecordIO tells no more than 2^24 identities apart").file(text_of(folder));
  }
}

class RecordWriter : public PackWriter {
 public:
  RecordWriter(const fs::path& folder, std::vector<uint32_t> labels, std::span<const uint64_t> sizes)
      : folder_(folder),
        labels_(std::move(labels)),
        done_(last_key(folder / "train.idx.part", sizes[1])),
        records_(folder / file_names[0], sizes[0]),
        index_(folder / file_names[1], sizes[1]),
        list_(folder / file_names[2], sizes[2]),
        property_(folder / file_names[3], sizes[3]) {
    if (done_ > labels_.size()) throw Error("has more images than are announced").file(text_of(folder_));
  }

  void append(const PackItem& item) override {
    if (done_ == labels_.size() || item.label != labels_[done_]) {
      throw Error(fmt::format("image {} has a label that was not announced: {}", done_, item.label)).file(item.path);
    }
    if (property_.size() == 0) write_property(item);
    const uint64_t key = done_ + 1;
    try {
      put({.flag = 0, .label = {static_cast<float>(item.label), 0}, .id = key, .id2 = 0, .image_size = 0},
          item.encoded);
    } catch (Error& error) {
      if (!error.file().empty()) throw;
      throw std::move(error).file(item.path);
    }
    std::string path = item.path;
    std::ranges::replace(path, '\n', '_');  // a line is an image
    list_.write(fmt::format("1\t{}\t{}\n", path, item.label));
    done_ = key;
  }

  std::vector<uint64_t> sync() override {
    std::vector<uint64_t> sizes;
    for (GrowingFile* file : {&records_, &index_, &list_, &property_}) {
      file->sync();
      sizes.push_back(file->size());
    }
    return sizes;
  }

  void finish() override {
    const uint64_t images = labels_.size();
    if (done_ != images) throw Error(fmt::format("{} of {} images are written", done_, images)).file(text_of(folder_));
    uint64_t key = images + 1;
    for (uint64_t begin = 0, end = 0; begin < images; begin = end) {
      while (end < images && labels_[end] == labels_[begin]) ++end;
      put_range(key++, begin + 1, end + 1, 0);
    }
    put_range(0, images + 1, key, 1);
    // A set is known by its train.rec: last.
    for (GrowingFile* file : {&property_, &list_, &index_, &records_}) file->commit();
  }

 private:
  void put(const RecordHeader& header, std::span<const std::byte> image) {
    const std::vector<std::byte> record = make_record(header, image);
    index_.write(fmt::format("{}\t{}\n", header.id, records_.size()));
    records_.write(record);
  }

  // The keys from `first` to before `end`.
  void put_range(uint64_t key, uint64_t first, uint64_t end, uint64_t id2) {
    put({.flag = 2,
         .label = {static_cast<float>(first), static_cast<float>(end)},
         .id = key,
         .id2 = id2,
         .image_size = 0},
        {});
  }

  void write_property(const PackItem& item) try {
    const ImageHeader image = probe_image(item.encoded);
    property_.write(fmt::format("{},{},{}\n", labels_.back() + 1, image.height, image.width));
  } catch (Error& error) {
    if (!error.file().empty()) throw;
    throw std::move(error).file(item.path);
  }

  fs::path folder_;
  std::vector<uint32_t> labels_;
  uint64_t done_;  // images
  GrowingFile records_, index_, list_, property_;
};

}  // namespace

std::unique_ptr<PackWriter> recordio_writer(const fs::path& folder, std::vector<uint32_t> labels,
                                            std::span<const uint64_t> sizes) {
  constexpr std::array<uint64_t, std::size(file_names)> from_the_start{};
  if (sizes.empty()) {
    sizes = from_the_start;
  } else if (sizes.size() != from_the_start.size()) {
    throw Error("the sizes to go on from are not those of a RecordIO set").file(text_of(folder));
  } else {
    take_names_back(folder);
  }
  check_labels(labels, folder);
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  return std::make_unique<RecordWriter>(folder, std::move(labels), sizes);
}

}  // namespace facerec
