#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "data/pack_writer.h"
#include "facerec/core/error.h"
#include "facerec/image/image.h"
#include "io/recordio.h"

namespace facerec {
namespace {

constexpr const char* file_names[] = {"train.rec", "train.idx", "train.lst"};
// sync() returns the sizes of these, and the height and width of the first image.
constexpr size_t sizes_count = std::size(file_names) + 2;

// An earlier process may have died while it gave the files their names.
void take_names_back(const fs::path& folder) {
  for (const char* name : file_names) {
    const fs::path path = folder / name, part = path.string() + ".part";
    std::error_code ignored;
    if (!fs::exists(part, ignored)) fs::rename(path, part, ignored);
  }
}

class RecordWriter : public PackWriter {
 public:
  RecordWriter(const fs::path& folder, std::vector<uint32_t> written, std::span<const uint64_t> sizes)
      : folder_(folder),
        labels_(std::move(written)),
        height_(sizes[3]),
        width_(sizes[4]),
        records_(folder / file_names[0], sizes[0]),
        index_(folder / file_names[1], sizes[1]),
        list_(folder / file_names[2], sizes[2]) {}

  void append(const PackItem& item) override {
    check_label(item);
    if (labels_.empty()) take_size(item);
    const uint64_t key = labels_.size() + 1;
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
    labels_.push_back(static_cast<uint32_t>(item.label));
  }

  std::vector<uint64_t> sync() override {
    std::vector<uint64_t> sizes;
    for (GrowingFile* file : {&records_, &index_, &list_}) {
      file->sync();
      sizes.push_back(file->size());
    }
    sizes.insert(sizes.end(), {height_, width_});
    return sizes;
  }

  void finish() override {
    const uint64_t images = labels_.size();
    if (images == 0) throw Error("no image is left to write").file(text_of(folder_));
    uint64_t key = images + 1;
    for (uint64_t begin = 0, end = 0; begin < images; begin = end) {
      while (end < images && labels_[end] == labels_[begin]) ++end;
      put_range(key++, begin + 1, end + 1, 0);
    }
    put_range(0, images + 1, key, 1);
    // A set is known by its train.rec: last.
    write_file(folder_ / "property", fmt::format("{},{},{}\n", labels_.back() + 1, height_, width_));
    for (GrowingFile* file : {&list_, &index_, &records_}) file->commit();
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

  void check_label(const PackItem& item) const {
    const int64_t last = labels_.empty() ? 0 : labels_.back();
    if (item.label < last) throw Error(fmt::format("the label {} comes after {}", item.label, last)).file(item.path);
    // float32 tells whole numbers apart up to here.
    if (item.label <= int64_t{1} << 24) return;
    throw Error("RecordIO tells no more than 2^24 identities apart").file(text_of(folder_));
  }

  void take_size(const PackItem& item) try {
    const ImageHeader image = probe_image(item.encoded);
    height_ = static_cast<uint64_t>(image.height);
    width_ = static_cast<uint64_t>(image.width);
  } catch (Error& error) {
    throw std::move(error).file(item.path);
  }

  fs::path folder_;
  std::vector<uint32_t> labels_;  // of the images that are written
  uint64_t height_, width_;       // of the first
  GrowingFile records_, index_, list_;
};

}  // namespace

std::unique_ptr<PackWriter> recordio_writer(const fs::path& folder, std::vector<uint32_t> written,
                                            std::span<const uint64_t> sizes) {
  constexpr std::array<uint64_t, sizes_count> from_the_start{};
  if (sizes.empty()) {
    sizes = from_the_start;
    written.clear();
  } else if (sizes.size() != sizes_count) {
    throw Error("the sizes to go on from are not those of a RecordIO set").file(text_of(folder));
  } else {
    take_names_back(folder);
  }
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  return std::make_unique<RecordWriter>(folder, std::move(written), sizes);
}

}  // namespace facerec
