#include <fmt/format.h>

#include <mutex>

#include "data/evaluation_formats.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "io/bcolz.h"
#include "io/npy.h"

namespace facerec {
namespace {

constexpr int side = 112;
constexpr size_t plane = size_t{side} * side;
constexpr int64_t chunk_rows = 7;  // 1 MiB, as bcolz chooses

// "lfw/" is "lfw".
fs::path without_slash(const fs::path& folder) { return folder.has_filename() ? folder : folder.parent_path(); }

fs::path list_of(const fs::path& folder) { return folder.string() + "_list.npy"; }

std::vector<bool> read_list(const fs::path& path) {
  constexpr uint64_t max_list = uint64_t{1} << 28;  // keeps the numbers of images below 2^32
  const std::vector<std::byte> file = read_file(path, max_list);
  try {
    const NpyArray array = parse_npy(file);
    if (array.dtype != "|b1" || array.shape.size() != 1) {
      throw Error("is not a list of booleans, one for each pair")
          .hint("numpy.save writes such a list from an array of bool");
    }
    std::vector<bool> same;
    for (const std::byte& flag : array.data) {
      if (flag > std::byte{1}) {
        throw Error(fmt::format("has {} as a boolean", static_cast<int>(flag)))
            .offset(static_cast<uint64_t>(&flag - file.data()));
      }
      same.push_back(flag == std::byte{1});
    }
    return same;
  } catch (Error& error) {
    throw std::move(error).file(text_of(path));
  }
}

// Three planes of blue, green and red. False when a value is not of a pixel: within half a level of 0 … 255.
bool to_pixels(const std::vector<float>& planes, Image& image) {
  bool good = true;
  for (size_t channel = 0; channel < 3; ++channel) {
    const float* from = planes.data() + (2 - channel) * plane;
    uint8_t* to = image.rgb.data() + channel;
    for (size_t i = 0; i < plane; ++i) {
      const float level = from[i] * 127.5F + 128.0F;  // half a level more than the pixel, so that cutting off rounds
      const bool below = level < 256.0F;
      good = good && level >= 0 && level <= 256.0F;
      to[3 * i] = level >= 0 && below ? static_cast<uint8_t>(level) : below ? 0 : 255;
    }
  }
  return good;
}

void to_planes(const Image& image, float* planes) {
  for (size_t channel = 0; channel < 3; ++channel) {
    for (size_t i = 0; i < plane; ++i) {
      planes[(2 - channel) * plane + i] = (static_cast<float>(image.rgb[3 * i + channel]) / 255.0F - 0.5F) / 0.5F;
    }
  }
}

class BcolzImages : public Dataset {
 public:
  BcolzImages(const fs::path& folder, size_t pairs) : folder_(folder), meta_(read_carray_meta(folder)) {
    if (meta_.shape != std::vector<int64_t>{size(), 3, side, side}) {
      throw Error(fmt::format("is of a bcolz array of shape {}; evaluation sets are [2N, 3, 112, 112]",
                              fmt::format("[{}]", fmt::join(meta_.shape, ", "))))
          .file(text_of(folder / "meta/sizes"));
    }
    if (static_cast<uint64_t>(size()) != 2 * pairs) {
      throw Error(fmt::format("has flags of {} pairs, and the array {} images", pairs, size()))
          .hint("there must be two images a flag")
          .file(text_of(list_of(folder)));
    }
    for (int64_t chunk = 0; chunk < meta_.chunks(); ++chunk) {
      const fs::path file = carray_chunk(folder, chunk);
      std::error_code code;
      if (!fs::is_regular_file(file, code)) throw Error("is missing from the bcolz array").file(text_of(file));
    }
  }

  int64_t size() const override { return meta_.shape[0]; }
  int64_t classes() const override { return 1; }
  int64_t label(int64_t) const override { return 0; }
  bool has_name(int64_t) const override { return false; }
  std::string name(int64_t index) const override { return fmt::format("{}#{}", text_of(folder_), index); }

  Sample read(int64_t index) const override {
    const int64_t chunk = index / meta_.chunk_rows;
    const fs::path path = carray_chunk(folder_, chunk);
    try {
      std::vector<float> planes(3 * plane);
      read_carray_row(MappedFile(path).bytes(), meta_.rows_of(chunk), index % meta_.chunk_rows, planes);
      Sample sample{{}, Image(side, side)};
      if (!to_pixels(planes, sample.pixels)) {
        throw Error(fmt::format("has values in image {} that are not of pixels, -1 to 1", index));
      }
      return sample;
    } catch (Error& error) {
      throw std::move(error).file(text_of(path));
    }
  }

 private:
  fs::path folder_;
  CarrayMeta meta_;
};

// Rows of the chunk, one an image of the set's pairs.
std::vector<float> planes_of(const PairSet& set, int64_t first_row, int64_t rows) {
  std::vector<float> planes(static_cast<size_t>(rows) * 3 * plane);
  for (int64_t i = 0; i < rows; ++i) {
    const Pair& pair = set.pairs[static_cast<size_t>((first_row + i) / 2)];
    const uint32_t index = (first_row + i) % 2 == 0 ? pair.a : pair.b;
    const Image image = load_image(*set.images, index);
    if (image.width != side || image.height != side) {
      throw Error(fmt::format("has {}×{} pixels; bcolz sets hold 112×112", image.width, image.height))
          .hint("align the faces first")
          .file(set.images->name(index));
    }
    to_planes(image, planes.data() + static_cast<size_t>(i) * 3 * plane);
  }
  return planes;
}

void write_chunks(const fs::path& folder, const PairSet& set, int threads, const PairsWritten& progress) {
  const CarrayMeta meta{{static_cast<int64_t>(2 * set.pairs.size()), 3, side, side}, chunk_rows};
  uint64_t compressed = 0;
  int64_t rows = 0;
  std::mutex mutex;
  make_folder(folder / "data");
  parallel_for(meta.chunks(), threads, [&](int64_t chunk) {
    const auto file = carray_chunk_of(planes_of(set, chunk * chunk_rows, meta.rows_of(chunk)), 3 * plane);
    write_file(carray_chunk(folder, chunk), file);
    const std::lock_guard lock(mutex);
    compressed += file.size();
    rows += meta.rows_of(chunk);
    if (progress) progress(rows / 2);
  });
  write_carray_meta(folder, meta, compressed);
}

}  // namespace

bool is_bcolz(const fs::path& folder) {
  std::error_code code;
  return fs::is_regular_file(folder / "meta/sizes", code) || fs::is_regular_file(folder / "meta/storage", code);
}

PairSet open_bcolz(const fs::path& folder, const std::string& name) {
  const fs::path plain = without_slash(folder);
  const std::vector<bool> same = read_list(list_of(plain));
  return pairs_in_order(name, std::make_shared<BcolzImages>(plain, same.size()), same);
}

void write_bcolz(const fs::path& folder, const PairSet& set, int threads, const PairsWritten& progress) {
  const fs::path plain = without_slash(folder);
  std::vector<bool> same;
  for (const Pair& pair : set.pairs) same.push_back(pair.same);
  if (same.empty()) throw Error("the set has no pairs");
  // A folder never stands beside the list of another: killed between the two, there is none, which opening tells.
  write_folder(plain, [&](const fs::path& temporary) {
    write_chunks(temporary, set, threads, progress);
    fs::remove(list_of(plain));
  });
  write_file(list_of(plain), npy_of(same));
}

}  // namespace facerec
