// scripts/triarchy from data to report, on drawn faces with Triarchy's names.
#include <gmock/gmock.h>

#include <cstdlib>
#include <sstream>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;

std::vector<std::string> words_of(const std::string& line, char separator) {
  std::vector<std::string> words;
  std::istringstream text(line);
  for (std::string word; std::getline(text, word, separator);) words.push_back(word);
  return words;
}

std::vector<std::string> lines_of(const fs::path& path) { return words_of(read_text(path), '\n'); }

// As AI Challenge 2020 handed it out: train_meta.csv, expression and angle in the names, label 1 for different people.
class Triarchy : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path faces = folder_ / "faces";
    ASSERT_EQ(
        facerec({"synth", faces, "--identities", "10", "--images-per-identity", "16", "--size", "32", "--pairs", "40"})
            .exit_code,
        0);
    make_training_set(faces / "train");
    for (const char* part : {"validate", "test"}) make_pairs(faces / "eval", part);
  }

  void make_training_set(const fs::path& faces) {
    fs::create_directories(data() / "train");
    std::string meta = "file_name,face_id\n";
    const std::vector<std::string> lines = lines_of(faces / "attributes.csv");
    for (size_t i = 1; i < lines.size(); ++i) {
      const auto cells = words_of(lines[i], ',');  // file, identity, expression, camera_angle, …
      const std::string name = cells[1] + "_" + cells[2] + "_" + cells[3] + "_" + std::to_string(i) + ".jpg";
      fs::rename(faces / cells[0], data() / "train" / name);
      meta += name + "," + cells[1] + "\n";
    }
    write_file(data() / "train" / "train_meta.csv", meta);
  }

  void make_pairs(const fs::path& faces, const std::string& part) {
    fs::copy(faces, data() / part, fs::copy_options::recursive);
    auto image = [](const std::string& name, const std::string& number) {
      return name + "/" + name + "_" + std::string(4 - number.size(), '0') + number + ".jpg";
    };
    std::string list = "image1,image2,label\n";
    const std::vector<std::string> lines = lines_of(faces / "pairs.txt");
    for (size_t i = 1; i < lines.size(); ++i) {
      const auto words = words_of(lines[i], '\t');
      const bool same = words.size() == 3;
      list += image(words[0], words[1]) + "," + image(words[same ? 0 : 2], words.back()) + (same ? ",0\n" : ",1\n");
    }
    write_file(data() / part / (part + "_label.csv"), list);
  }

  // What the script printed.
  std::string run(const std::string& out) const {
    const std::string log = folder_ / "log";
    const std::string command =
        "FACEREC='" FACEREC_BINARY "' '" FACEREC_SOURCE_DIR "/scripts/triarchy' '" + data().string() + "' '" + out +
        "' --set model.name=ir_tiny --set model.embedding_size=16 --set 'model.input=[32, 32]' --set train.max_steps=2"
        " --device cpu --threads 2 > '" +
        log + "' 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << read_text(log);
    return read_text(log);
  }

  fs::path data() const { return folder_ / "data"; }
  TemporaryFolder folder_;
};

TEST_F(Triarchy, RunsFromDataToReportTwiceWithTheSameNumbers) {
  const fs::path once = folder_ / "once", again = folder_ / "again";
  run(once);
  for (const char* file : {"validate_preds.csv", "test_preds.csv", "report/report.html", "report/evaluation.txt"}) {
    EXPECT_TRUE(fs::exists(once / file)) << file;
  }
  EXPECT_EQ(lines_of(once / "test_preds.csv").front(), "image1,image2,label");
  run(again);
  for (const char* part : {"validate", "test"}) {
    const std::string file = std::string(part) + "_preds.csv";
    EXPECT_EQ(read_text(once / file), read_text(again / file));
  }
  auto results = [](const fs::path& out) {
    return nlohmann::json::parse(read_text(out / "report/evaluation.json")).at("results");
  };
  ASSERT_EQ(results(once).size(), 2U);
  for (size_t i = 0; i < 2; ++i) {
    for (const char* figure : {"accuracy", "auc", "eer"}) {
      EXPECT_EQ(results(once).at(i).at(figure), results(again).at(i).at(figure)) << figure;
    }
  }
  const std::string third = run(once);
  for (const char* stage : {"pretext", "triarchy", "report"}) {
    EXPECT_THAT(third, HasSubstr(std::string("triarchy: ") + stage + ": done before"));
  }
}

}  // namespace
}  // namespace facerec::test
