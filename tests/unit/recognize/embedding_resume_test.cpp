// Embedding archives that are gone on with: after a failure or a kill, and with more images.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "facerec/io/safetensors.h"
#include "unit/recognize/embed_to_file.h"

namespace facerec::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

TEST_F(EmbedToFile, AppendLooksWhetherTheFileIsWhole) {
  embed("e.npy");
  write_file(out_ / "e.npy.names.txt", "a\nb\n");
  EmbedFileOptions append = options();
  append.append = true;
  EXPECT_THROW(embed("e.npy", append), Error);
}

}  // namespace
}  // namespace facerec::test
