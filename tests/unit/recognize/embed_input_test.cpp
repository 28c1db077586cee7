// What `facerec embed` takes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/recognize/embed_to_file.h"

namespace facerec::test {
namespace {

using testing::ElementsAre;

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
