// Embedding archives of a small folder of pictures, by an engine that can fail.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>

#include "facerec/core/error.h"
#include "facerec/recognize/embed.h"
#include "facerec/recognize/embedding_file.h"
#include "io/npy.h"
#include "support/reference.h"

namespace facerec::test {

inline constexpr int side = 16;
inline constexpr int64_t batch_size = 4;

// Its embeddings depend on what else is in a batch, as those of real engines do in their last bits.
class SensitiveEngine : public Engine {
 public:
  explicit SensitiveEngine(std::string identity = "model") : identity_(std::move(identity)) {
    spec_.architecture = "sensitive";
    spec_.embedding_size = 5;
    spec_.preprocess.width = spec_.preprocess.height = side;
  }
  const ModelSpec& spec() const override { return spec_; }
  std::string identity() const override { return identity_; }
  Computation computation() const override { return {computes_with, "cpu", "fp32", ""}; }

  void embed(std::span<const uint8_t> nhwc, int64_t n, std::span<float> out) override {
    if (calls_left-- == 0) fail();
    for (int64_t i = 0; i < n; ++i) {
      const uint8_t* image = nhwc.data() + i * side * side * 3;
      for (int k = 0; k < 5; ++k) {
        out[static_cast<size_t>(i * 5 + k)] = image[k * 7] + 1.0F + static_cast<float>(i) / 128 + static_cast<float>(n);
      }
    }
  }

  std::string computes_with = "libtorch";
  int calls_left = -1;  // before fail()
  std::function<void()> fail = [] { throw Error("the machine goes down"); };

 private:
  std::string identity_;
  ModelSpec spec_;
};

inline Image picture(int number, int size = side) {
  Image image(size, size);
  for (size_t i = 0; i < image.rgb.size(); ++i)
    image.rgb[i] = static_cast<uint8_t>(number * 31 + static_cast<int>(i) * 3);
  return image;
}

struct Floats {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

inline std::vector<float> floats_of(std::span<const std::byte> bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::ranges::copy(bytes, std::as_writable_bytes(std::span(values)).begin());
  return values;
}

inline Floats load_npy(const fs::path& file) {
  const std::vector<std::byte> bytes = read_file(file);
  const NpyArray array = parse_npy(bytes);
  EXPECT_EQ(array.dtype, "<f4");
  return {array.shape, floats_of(array.data)};
}

inline std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  std::istringstream text(read_text(file));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// Every file of an output, by its name.
inline std::map<std::string, std::string> files_in(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path().lexically_relative(folder)] = read_text(entry.path());
  }
  return files;
}

class EmbedToFile : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(in_ / "b");
    fs::create_directories(out_);
    for (int i = 0; i < 21; ++i) {
      write_file(in_ / (i % 2 == 0 ? "a" : "b") / fmt_number(i), encode_png(picture(i)));
    }
  }

  static std::string fmt_number(int i) { return (i < 10 ? "0" : "") + std::to_string(i) + ".png"; }

  static EmbedFileOptions options() {
    EmbedFileOptions options;
    options.batch_size = batch_size;
    options.threads = 2;
    return options;
  }

  EmbedFileSummary embed(const std::string& out, const EmbedFileOptions& with = options()) {
    Problems problems;
    const EmbedInput input{.paths = paths_};
    return embed_to_file(engine_, open_embed_input(input, problems), problems, input, out_ / out, with);
  }

  // What is wrong with a call that fails with a usage Error.
  std::string fault(const std::string& out, const EmbedFileOptions& with) {
    try {
      embed(out, with);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::usage) << error.what();
      return error.what();
    }
    return "nothing";
  }

  const TemporaryFolder folder_;
  const fs::path in_ = (fs::create_directories(folder_ / "in/a"), folder_ / "in"), out_ = folder_ / "out";
  std::vector<std::string> paths_{in_};
  SensitiveEngine engine_;
};

}  // namespace facerec::test
