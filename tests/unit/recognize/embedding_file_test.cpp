#include "facerec/recognize/embedding_file.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "facerec/io/csv.h"
#include "facerec/io/safetensors.h"
#include "io/npy.h"
#include "unit/recognize/embed_to_file.h"

namespace facerec::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

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

// Paths as they are given.
}  // namespace
}  // namespace facerec::test
