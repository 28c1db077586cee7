#include "facerec/recognize/embedding_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "facerec/core/error.h"
#include "facerec/io/safetensors.h"
#include "facerec/recognize/embed.h"
#include "facerec/io/csv.h"
#include "io/npy.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int side = 16;
constexpr int64_t batch_size = 4;

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

Image picture(int number, int size = side) {
  Image image(size, size);
  for (size_t i = 0; i < image.rgb.size(); ++i)
    image.rgb[i] = static_cast<uint8_t>(number * 31 + static_cast<int>(i) * 3);
  return image;
}

struct Floats {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

std::vector<float> floats_of(std::span<const std::byte> bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

Floats load_npy(const fs::path& file) {
  const std::vector<std::byte> bytes = read_file(file);
  const NpyArray array = parse_npy(bytes);
  EXPECT_EQ(array.dtype, "<f4");
  return {array.shape, floats_of(array.data)};
}

std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  std::istringstream text(read_text(file));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// Every file of an output, by its name.
std::map<std::string, std::string> files_in(const fs::path& folder) {
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

TEST_F(EmbedToFile, RowsAreInTheOrderOfTheImages) {
  const EmbedFileSummary summary = embed("e.npy");
  EXPECT_EQ(summary.rows, 21);
  EXPECT_EQ(summary.dimension, 5);
  const Floats rows = load_npy(out_ / "e.npy"), norms = load_npy(out_ / "e.npy.norms.npy");
  EXPECT_THAT(rows.shape, ElementsAre(21, 5));
  EXPECT_THAT(norms.shape, ElementsAre(21));
  std::vector<std::string> names;
  for (const char* person : {"a", "b"}) {
    for (int i = person[0] - 'a'; i < 21; i += 2) names.push_back(in_ / person / fmt_number(i));
  }
  EXPECT_EQ(lines_of(out_ / "e.npy.names.txt"), names);
  EXPECT_THAT(summary.files,
              ElementsAre(out_ / "e.npy", out_ / "e.npy.norms.npy", out_ / "e.npy.names.txt", out_ / "e.npy.json"));
  EXPECT_EQ(files_in(out_).size(), 4U);
}

TEST_F(EmbedToFile, RawRowsAreThoseOfTheEngineAndTheOthersOfLengthOne) {
  EmbedFileOptions raw = options();
  raw.raw = true;
  embed("raw.npy", raw);
  embed("unit.npy");
  const Floats rows = load_npy(out_ / "raw.npy"), unit = load_npy(out_ / "unit.npy");
  const ImageEmbeddings all = embed_images(engine_, open_image_tree(in_), {batch_size, 2, true, false});
  EXPECT_EQ(rows.values, all.original);
  const Floats norms = load_npy(out_ / "unit.npy.norms.npy");
  EXPECT_EQ(norms.values, load_npy(out_ / "raw.npy.norms.npy").values);
  for (size_t i = 0; i < rows.values.size(); ++i) {
    EXPECT_NEAR(unit.values[i] * norms.values[i / 5], rows.values[i], 1e-4);
  }
}

TEST_F(EmbedToFile, MirroredImagesJoinByTheRule) {
  EmbedFileOptions concat = options(), sum = options();
  concat.raw = sum.raw = true;
  concat.rule = EmbeddingRule::flip_concat;
  sum.rule = EmbeddingRule::flip_sum;
  embed("sum.npy", sum);
  EXPECT_EQ(embed("concat.npy", concat).dimension, 10);
  const Floats both = load_npy(out_ / "concat.npy"), added = load_npy(out_ / "sum.npy");
  for (size_t row = 0; row < 21; ++row) {
    for (size_t k = 0; k < 5; ++k) {
      EXPECT_EQ(added.values[row * 5 + k], both.values[row * 10 + k] + both.values[row * 10 + 5 + k]);
    }
  }
}

TEST_F(EmbedToFile, EveryFormHoldsTheSame) {
  write_file(in_ / "a/we, \"quote\" .png", encode_png(picture(90)));
  for (const char* out : {"e.npy", "e.safetensors", "e.csv", "e.jsonl"}) EXPECT_EQ(embed(out).rows, 22) << out;
  const Floats rows = load_npy(out_ / "e.npy"), norms = load_npy(out_ / "e.npy.norms.npy");
  const std::vector<std::string> names = lines_of(out_ / "e.npy.names.txt");

  const SafetensorsFile tensors(out_ / "e.safetensors");
  EXPECT_THAT(tensors.at("embeddings").shape, ElementsAre(22, 5));
  EXPECT_EQ(floats_of(tensors.at("embeddings").bytes), rows.values);
  EXPECT_EQ(floats_of(tensors.at("norms").bytes), norms.values);
  EXPECT_EQ(tensors.metadata().at("model"), "model");
  EXPECT_EQ(lines_of(out_ / "e.safetensors.names.txt"), names);

  Floats of_json, of_csv;
  std::vector<std::string> names_of_json, names_of_csv;
  for (const std::string& line : lines_of(out_ / "e.jsonl")) {
    const json row = json::parse(line);
    names_of_json.push_back(row.at("name"));
    for (const json& value : row.at("embedding")) of_json.values.push_back(value);
    EXPECT_EQ(row.at("label"), fs::path(names_of_json.back()).parent_path().filename().string());
  }
  read_csv(
      out_ / "e.csv", ',',
      [](const auto& columns) { EXPECT_THAT(columns, ElementsAre("name", "norm", "e0", "e1", "e2", "e3", "e4")); },
      [&](int64_t, const auto& fields) {
        names_of_csv.push_back(fields[0]);
        for (size_t i = 2; i < fields.size(); ++i) of_csv.values.push_back(std::stof(fields[i]));
      });
  EXPECT_EQ(names_of_json, names);
  EXPECT_EQ(names_of_csv, names);
  EXPECT_EQ(of_json.values, rows.values);
  EXPECT_EQ(of_csv.values, rows.values);
}

// As numpy.save of NumPy 2 writes it.
TEST(NpyHeader, IsNumpys) {
  using namespace std::string_literals;
  std::string header = "\x93NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (3, 128), }"s;
  header.resize(127, ' ');
  EXPECT_EQ(npy_header("<f4", {3, 128}), header + "\n");
  for (const int64_t rows : {int64_t{0}, int64_t{1}, int64_t{1} << 40}) {
    EXPECT_EQ(npy_header("<f4", {rows}).size(), 128U);
    EXPECT_EQ(npy_header("<f4", {rows, 131072}).size(), 128U);
  }
}

TEST_F(EmbedToFile, WhatCannotBeReadIsListedAndLeavesTheFileValid) {
  write_file(in_ / "a/03.jpg", "not an image");
  write_file(in_ / "a/04a.jpg", "");
  write_file(in_ / "a/one.png", encode_png(picture(1, 1)));
  fs::create_symlink("nowhere.png", in_ / "b/05.png.jpg");
  write_file(in_ / "b/line\nbreak.png", encode_png(picture(7)));
  const EmbedFileSummary summary = embed("e.npy");
  EXPECT_EQ(summary.rows, 22);
  EXPECT_EQ(summary.skipped, 4);
  EXPECT_THAT(load_npy(out_ / "e.npy").shape, ElementsAre(22, 5));
  EXPECT_EQ(lines_of(out_ / "e.npy.names.txt").size(), 22U);
  std::vector<std::string> skipped;
  for (const std::string& line : lines_of(out_ / "e.npy.skipped.jsonl")) {
    EXPECT_NE(json::parse(line).at("reason"), "");
    skipped.push_back(fs::path(json::parse(line).at("name").get<std::string>()).filename());
  }
  EXPECT_THAT(skipped, ElementsAre("03.jpg", "04a.jpg", "05.png.jpg", "line\nbreak.png"));
  EXPECT_EQ(embed("e.csv").rows, 23);  // quotes hold a line break
}

TEST_F(EmbedToFile, StrictStopsAtTheFirst) {
  write_file(in_ / "a/03.jpg", "not an image");
  EmbedFileOptions strict = options();
  strict.strict = true;
  EXPECT_THROW(embed("e.npy", strict), Error);
  EXPECT_FALSE(fs::exists(out_ / "e.npy"));
  write_file(in_ / "a/03.jpg", encode_png(picture(3)));  // mended
  strict.resume = true;
  EXPECT_EQ(embed("e.npy", strict).rows, 22);
}

class EmbedInterrupted : public EmbedToFile, public testing::WithParamInterface<std::string> {};

// Whatever was written after the last save.
void tear(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".part") std::ofstream(entry.path(), std::ios::app) << "torn";
  }
}

TEST_P(EmbedInterrupted, GoesOnToTheSameBytes) {
  write_file(in_ / "a/03.jpg", "not an image");
  embed("e." + GetParam());
  const auto whole = files_in(out_);
  for (const int batches : {0, 1, 3, 5}) {
    fs::remove_all(out_);
    fs::create_directories(out_);
    engine_.calls_left = batches;
    EXPECT_THROW(embed("e." + GetParam()), Error);
    EXPECT_FALSE(fs::exists(out_ / ("e." + GetParam()))) << "under its name, and not whole";
    tear(out_ / ("e." + GetParam() + ".embed"));
    EmbedFileOptions resume = options();
    resume.resume = true;
    EXPECT_EQ(embed("e." + GetParam(), resume).done_before, batches * batch_size);
    EXPECT_EQ(files_in(out_), whole) << batches;
  }
}

TEST_P(EmbedInterrupted, ByAKillItGoesOnToTheSameBytes) {
  embed("e." + GetParam());
  const auto whole = files_in(out_);
  fs::remove_all(out_);
  fs::create_directories(out_);
  EmbedFileOptions resume = options();
  resume.resume = true;
  const pid_t child = fork();
  if (child == 0) {
    engine_.calls_left = 3;
    engine_.fail = [] { ::kill(::getpid(), SIGKILL); };
    embed("e." + GetParam(), resume);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  embed("e." + GetParam(), resume);
  EXPECT_EQ(files_in(out_), whole);
}

TEST_P(EmbedInterrupted, WhileItAppendsTheOldFileStays) {
  paths_ = {in_ / "a"};
  embed("e." + GetParam());
  const auto before = files_in(out_);
  paths_ = {in_};
  EmbedFileOptions append = options();
  append.append = true;
  engine_.calls_left = 2;
  EXPECT_THROW(embed("e." + GetParam(), append), Error);
  for (const auto& [name, bytes] : before) EXPECT_EQ(read_text(out_ / name), bytes) << name;
  append.resume = true;
  EXPECT_EQ(embed("e." + GetParam(), append).rows, 21);
  const auto resumed = files_in(out_);

  fs::remove_all(out_);
  fs::create_directories(out_);
  paths_ = {in_ / "a"};
  embed("e." + GetParam());
  paths_ = {in_};
  append.resume = false;
  embed("e." + GetParam(), append);
  EXPECT_EQ(files_in(out_), resumed);
}

INSTANTIATE_TEST_SUITE_P(Forms, EmbedInterrupted, testing::Values("npy", "safetensors", "csv", "jsonl"),
                         [](const auto& form) { return form.param; });

TEST_F(EmbedToFile, ShardsInTheirOrderAreTheWhole) {
  write_file(in_ / "a/03.jpg", "not an image");
  embed("all.npy");
  for (const int64_t count : {2, 3, 9}) {
    std::vector<float> rows, norms;
    std::string names;
    for (int64_t i = 1; i <= count; ++i) {
      EmbedFileOptions part = options();
      part.shard = {i, count};
      part.force = true;
      embed("part.npy", part);
      const Floats own = load_npy(out_ / "part.npy");
      rows.insert(rows.end(), own.values.begin(), own.values.end());
      names += read_text(out_ / "part.npy.names.txt");
    }
    EXPECT_EQ(rows, load_npy(out_ / "all.npy").values) << count;
    EXPECT_EQ(names, read_text(out_ / "all.npy.names.txt")) << count;
  }
}

TEST_F(EmbedToFile, AppendAddsWhatIsNew) {
  paths_ = {in_ / "b"};
  embed("e.npy");
  EmbedFileOptions append = options();
  append.append = true;
  paths_ = {in_ / "b", in_ / "a"};
  EXPECT_EQ(embed("e.npy", append).rows, 21);
  EXPECT_THAT(load_npy(out_ / "e.npy").shape, ElementsAre(21, 5));
  EXPECT_THAT(load_npy(out_ / "e.npy.norms.npy").shape, ElementsAre(21));
  const std::vector<std::string> names = lines_of(out_ / "e.npy.names.txt");
  EXPECT_THAT(names.front(), HasSubstr("b/01.png"));
  EXPECT_THAT(names.at(10), HasSubstr("a/00.png"));
  EXPECT_EQ(load_json(out_ / "e.npy.json").at("calls").size(), 2U);
  const auto before = files_in(out_);
  EXPECT_EQ(embed("e.npy", append).rows, 21);  // nothing is new
  EXPECT_EQ(files_in(out_), before);
}

TEST_F(EmbedToFile, AppendKeepsTheListOfWhatWasSkipped) {
  EmbedFileOptions append = options();
  append.append = true;
  for (const std::string out : {"e.npy", "e.safetensors", "e.csv"}) {
    write_file(in_ / "a/broken.png", "no image");
    paths_ = {in_ / "a"};
    embed(out);
    const std::vector<std::string> before = lines_of(out_ / (out + ".skipped.jsonl"));
    ASSERT_EQ(before.size(), 1U);
    paths_ = {in_ / "b"};
    EXPECT_EQ(embed(out, append).rows, 21);
    EXPECT_EQ(lines_of(out_ / (out + ".skipped.jsonl")), before);
    fs::rename(in_ / "a/broken.png", in_ / "b/wrong.png");
    embed(out, append);
    const std::vector<std::string> after = lines_of(out_ / (out + ".skipped.jsonl"));
    ASSERT_EQ(after.size(), 2U);
    EXPECT_EQ(after.front(), before.front());
    EXPECT_THAT(after.back(), HasSubstr("wrong.png"));
    fs::remove(in_ / "b/wrong.png");
  }
}

TEST_F(EmbedToFile, AppendBeginsAFileThatIsNotThere) {
  EmbedFileOptions append = options();
  append.append = true;
  EXPECT_EQ(embed("e.npy", append).rows, 21);
}

TEST_F(EmbedToFile, AFileHoldsOneModelAndOneRule) {
  embed("e.npy");
  const auto before = files_in(out_);
  EmbedFileOptions append = options();
  append.append = true;
  append.raw = true;
  EXPECT_THAT(fault("e.npy", append), HasSubstr("unit_length: true then, false now"));
  engine_ = SensitiveEngine("another");
  append.raw = false;
  EXPECT_THAT(fault("e.npy", append), HasSubstr("model: \"model\" then, \"another\" now"));
  engine_ = SensitiveEngine();
  engine_.computes_with = "openvino";
  write_file(in_ / "c.png", encode_png(picture(99)));
  EXPECT_THAT(fault("e.npy", append), HasSubstr("--engine libtorch"));
  std::map<std::string, std::string> after = files_in(out_);
  std::erase_if(after, [](const auto& file) { return file.first.starts_with("e.npy.embed/"); });
  EXPECT_EQ(after, before);
}

TEST_F(EmbedToFile, ResumeIsForTheSameWork) {
  engine_.calls_left = 2;
  EXPECT_THROW(embed("e.npy"), Error);
  EXPECT_THAT(fault("e.npy", options()), HasSubstr("was interrupted"));
  EmbedFileOptions resume = options();
  resume.resume = true;
  resume.batch_size = 8;
  EXPECT_THAT(fault("e.npy", resume), HasSubstr("batch_size: 4 then, 8 now"));
  resume.batch_size = batch_size;
  write_file(in_ / "a/new.png", encode_png(picture(50)));
  EXPECT_THAT(fault("e.npy", resume), HasSubstr("images: 21 then, 22 now"));
  EmbedFileOptions force = options();
  force.force = true;
  EXPECT_EQ(embed("e.npy", force).rows, 22);
  EXPECT_TRUE(embed("e.npy", resume).already_there);
}

TEST_F(EmbedToFile, WhatIsThereIsNotReplacedUnasked) {
  write_file(out_ / "e.npy.names.txt", "mine");
  EXPECT_THAT(fault("e.npy", options()), HasSubstr("is there already"));
  EXPECT_EQ(read_text(out_ / "e.npy.names.txt"), "mine");
  EXPECT_EQ(files_in(out_).size(), 1U);
  embed("f.npy");
  EXPECT_THAT(fault("f.npy", options()), HasSubstr("--append adds to it, --force replaces it"));
  EXPECT_THAT(fault("f.parquet", options()), HasSubstr(".npy, .safetensors, .csv or .jsonl"));
}

TEST_F(EmbedToFile, AFolderOfSomebodyElseIsNotTouched) {
  fs::create_directory(out_ / "e.npy.embed");
  write_file(out_ / "e.npy.embed/mine", "precious");
  EmbedFileOptions force = options();
  force.force = true;
  for (const EmbedFileOptions& each : {options(), force}) {
    EXPECT_THAT(fault("e.npy", each), HasSubstr("holds files of others"));
    EXPECT_EQ(files_in(out_), (std::map<std::string, std::string>{{"e.npy.embed/mine", "precious"}}));
  }
  fs::remove(out_ / "e.npy.embed/mine");
  write_file(out_ / "e.npy.embed/e.npy.part", "a call was killed before it saved");
  EXPECT_EQ(embed("e.npy").rows, 21);
  EXPECT_FALSE(fs::exists(out_ / "e.npy.embed"));
}

TEST_F(EmbedToFile, NamesThatJsonCannotHoldAreSkipped) {
  write_file(in_ / "b/latin\xE9.png", encode_png(picture(7)));
  EmbedFileOptions append = options();
  append.append = true;
  for (int call = 0; call < 2; ++call) {
    EXPECT_EQ(embed("e.jsonl", append).rows, 21);
    EXPECT_THAT(read_text(out_ / "e.jsonl.skipped.jsonl"), HasSubstr("UTF-8"));
    EXPECT_EQ(embed("e.csv", append).rows, 22);
    EXPECT_EQ(embed("e.npy", append).rows, 22);
  }
}

TEST_F(EmbedToFile, AppendLooksWhetherTheFileIsWhole) {
  embed("e.npy");
  write_file(out_ / "e.npy.names.txt", "a\nb\n");
  EmbedFileOptions append = options();
  append.append = true;
  EXPECT_THROW(embed("e.npy", append), Error);
}

// Paths as they are given.
std::vector<std::string> names(const EmbedInput& input) {
  Problems problems;
  const std::shared_ptr<const Dataset> images = open_embed_input(input, problems);
  std::vector<std::string> names;
  for (int64_t i = 0; i < images->size(); ++i) names.push_back(images->name(i));
  return names;
}

class EmbedInputs : public EmbedToFile {
 protected:
  std::string path(const std::string& below) const { return in_ / below; }
};

TEST_F(EmbedInputs, AreTakenOneAfterTheOther) {
  fs::create_directories(in_ / "b/deep");
  write_file(in_ / "b/deep/x1.png", encode_png(picture(1)));
  write_file(in_ / "b/deep/x2.jpg", encode_png(picture(1)));
  EXPECT_THAT(names({.paths = {path("b/deep"), path("a/02.png"), path("b/1?.png")}}),
              ElementsAre(path("b/deep/x1.png"), path("b/deep/x2.jpg"), path("a/02.png"), path("b/11.png"),
                          path("b/13.png"), path("b/15.png"), path("b/17.png"), path("b/19.png")));
  EXPECT_THAT(names({.paths = {path("**/[!x]1.png")}}), ElementsAre(path("b/01.png"), path("b/11.png")));
  EXPECT_THAT(names({.paths = {path("**/x?.*")}}), ElementsAre(path("b/deep/x1.png"), path("b/deep/x2.jpg")));
  EXPECT_THAT(names({.paths = {path("*/deep")}}), ElementsAre(path("b/deep/x1.png"), path("b/deep/x2.jpg")));
}

TEST_F(EmbedInputs, ListsNameImagesThatNeedNotBeThere) {
  write_file(in_ / "list.txt", "a/02.png\r\nb/with space 01.jpg\n\n/abs.png");
  EXPECT_THAT(names({.paths = {path("list.txt")}}),
              ElementsAre(path("a/02.png"), path("b/with space 01.jpg"), "/abs.png"));
  EXPECT_THAT(names({.paths = {path("list.txt")}, .root = "/r"}),
              ElementsAre("/r/a/02.png", "/r/b/with space 01.jpg", "/abs.png"));
  write_file(in_ / "labels.txt", "a/02.png 3\nb/03.png 4\n");
  EXPECT_THAT(names({.paths = {path("labels.txt")}}), ElementsAre(path("a/02.png"), path("b/03.png")));
}

TEST_F(EmbedInputs, StandardInputIsALineOrANulApart) {
  for (const std::string& text : {std::string("x/1.png\nx/a b.jpg\n"), std::string("x/1.png\0x/a b.jpg\0", 18)}) {
    write_file(folder_ / "stdin", text);
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(ends[1]);
    const int kept = ::dup(0);
    for (const int input : {::open((folder_ / "stdin").c_str(), O_RDONLY), ends[0]}) {
      ::dup2(input, 0);
      ::close(input);
      EXPECT_THAT(names({.paths = {"-"}}), ElementsAre("x/1.png", "x/a b.jpg"));
    }
    ::dup2(kept, 0);
    ::close(kept);
  }
}

TEST_F(EmbedInputs, AreNamedWhenTheyAreWrong) {
  for (const char* wrong : {"nowhere", "nowhere/*.png", "a/**/*.gif"}) {
    try {
      names({.paths = {path("a"), path(wrong)}});
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::usage);
      EXPECT_EQ(error.file(), path(wrong));
    }
  }
}

}  // namespace
}  // namespace facerec::test
