#include <fmt/format.h>

#include "data/evaluation_formats.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "io/verification_pack.h"

namespace facerec {
namespace {

class PackedImages : public Dataset {
 public:
  explicit PackedImages(const fs::path& path) : path_(path), file_(path) {
    try {
      pack_ = parse_verification_pack(file_.bytes());
    } catch (Error& error) {
      throw std::move(error).file(text_of(path));
    }
  }

  int64_t size() const override { return static_cast<int64_t>(pack_.images.size()); }
  int64_t classes() const override { return 1; }
  int64_t label(int64_t) const override { return 0; }
  bool has_name(int64_t) const override { return false; }
  std::string name(int64_t index) const override { return fmt::format("{}#{}", text_of(path_), index); }
  Sample read(int64_t index) const override {
    try {
      return {bytes_of(pack_.images.at(static_cast<size_t>(index))), {}};
    } catch (Error& error) {
      throw std::move(error).file(name(index));
    }
  }

  const std::vector<bool>& same() const { return pack_.same; }

 private:
  fs::path path_;
  MappedFile file_;
  VerificationPack pack_;
};

}  // namespace

PairSet pairs_in_order(const std::string& name, std::shared_ptr<Dataset> images, const std::vector<bool>& same) {
  PairSet set{name, std::move(images), {}, std::vector<uint16_t>(same.size()), 0};
  for (const bool flag : same) {
    const auto first = static_cast<uint32_t>(2 * set.pairs.size());
    set.pairs.push_back({first, first + 1, flag});
  }
  return set;
}

bool is_verification_pack(const fs::path& path) {
  std::error_code code;
  return lower(path.extension().string()) == ".bin" && fs::is_regular_file(path, code);
}

PairSet open_verification_pack(const fs::path& path, const std::string& name) {
  auto images = std::make_shared<PackedImages>(path);
  return pairs_in_order(name, images, images->same());
}

namespace {

// What is no image is not handed on.
void check_image(const Dataset& images, int64_t index, std::span<const std::byte> encoded) {
  try {
    probe_image(encoded);
  } catch (Error& error) {
    throw std::move(error).file(images.name(index));
  }
}

}  // namespace

void write_verification_pack(const fs::path& file, const PairSet& set, const PairsWritten& progress) {
  if (set.pairs.empty()) throw Error("the set has no pairs");
  VerificationPackWriter writer(file);
  std::vector<bool> same;
  for (const Pair& pair : set.pairs) {
    for (const uint32_t index : {pair.a, pair.b}) {
      const Sample sample = set.images->read(index);
      if (sample.pixels.rgb.empty()) check_image(*set.images, index, sample.encoded);
      writer.add(sample.pixels.rgb.empty() ? sample.encoded : encode_png(sample.pixels));
    }
    same.push_back(pair.same);
    if (progress) progress(static_cast<int64_t>(same.size()));
  }
  writer.finish(same);
}

}  // namespace facerec
