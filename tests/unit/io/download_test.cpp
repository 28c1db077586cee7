#include "facerec/io/download.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <random>

#include "facerec/core/error.h"
#include "facerec/io/sha256.h"
#include "support/http_server.h"
#include "support/reference.h"

namespace facerec {
namespace {

using test::HttpRequest;
using test::HttpResponse;
using test::HttpServer;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string sha256_of_text(const std::string& text) {
  Sha256 hash;
  hash.add(text);
  return hash.hex();
}

std::string random_text(size_t bytes, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random() & 0xFF);
  return text;
}

// A file of 3 MB to be had, and where it is to go.
class DownloadTest : public testing::Test {
 protected:
  DownloadTest() { setenv("no_proxy", "127.0.0.1", 1); }
  ~DownloadTest() override { unsetenv("no_proxy"); }

  Download from(std::vector<std::string> sources) const {
    return {.sources = std::move(sources), .path = path_, .bytes = content_.size(), .sha256 = sha256_of_text(content_)};
  }
  // What download() says when it fails; "" when it does not.
  static std::string failure(const Download& wanted) {
    try {
      EXPECT_TRUE(download(wanted));
      return "";
    } catch (const Error& error) {
      EXPECT_FALSE(error.file().empty());
      return error.message();
    }
  }
  void keep(const std::string& part) const {
    fs::create_directories(path_.parent_path());
    write_file(part_, part);
  }
  void expect_whole() const {
    ASSERT_TRUE(fs::exists(path_));
    EXPECT_TRUE(read_text(path_) == content_);
    EXPECT_FALSE(fs::exists(part_));
  }
  void expect_part(size_t bytes) const {
    EXPECT_FALSE(fs::exists(path_));
    ASSERT_TRUE(fs::exists(part_));
    EXPECT_TRUE(read_text(part_) == content_.substr(0, bytes));
  }
  void expect_nothing() const {
    EXPECT_FALSE(fs::exists(path_));
    EXPECT_FALSE(fs::exists(part_));
  }

  const test::TemporaryFolder folder_;
  const std::string content_ = random_text(3'000'000, 1);
  const fs::path path_ = folder_ / "store/net/weights.bin", part_ = folder_ / "store/net/weights.bin.part";
};

TEST_F(DownloadTest, FetchesOverHttp) {
  const HttpServer server([&](const HttpRequest& request) { return test::serve(request, content_); });
  uint64_t last = 0;
  Download wanted = from({server.url("/weights.bin")});
  wanted.progress = [&](uint64_t done) {
    EXPECT_GT(done, last);
    last = done;
  };
  EXPECT_EQ(failure(wanted), "");
  expect_whole();
  EXPECT_EQ(last, content_.size());
  EXPECT_EQ(server.requests().at(0).target, "/weights.bin");
}

TEST_F(DownloadTest, FetchesFromAFolderWithSpacesAndUnicode) {
  const fs::path original = folder_ / "얼굴 100% #1?/weights.bin";
  fs::create_directories(original.parent_path());
  write_file(original, content_);
  EXPECT_EQ(failure(from({file_url(original)})), "");
  expect_whole();
}

TEST_F(DownloadTest, WhatIsThereIsFetchedOnlyByForce) {
  const HttpServer server([&](const HttpRequest& request) { return test::serve(request, content_); });
  Download wanted = from({server.url()});
  ASSERT_EQ(failure(wanted), "");
  ASSERT_EQ(failure(wanted), "");
  EXPECT_EQ(server.requests().size(), 1U);
  wanted.force = true;
  ASSERT_EQ(failure(wanted), "");
  EXPECT_EQ(server.requests().size(), 2U);
  expect_whole();
}

TEST_F(DownloadTest, ADamagedFileIsReplaced) {
  const HttpServer server([&](const HttpRequest& request) { return test::serve(request, content_); });
  fs::create_directories(path_.parent_path());
  write_file(path_, random_text(content_.size(), 2));
  EXPECT_EQ(failure(from({server.url()})), "");
  expect_whole();
}

TEST_F(DownloadTest, GoesOnAfterACutWithoutFetchingAByteTwice) {
  constexpr size_t first = 1'700'000;
  const HttpServer server([&](const HttpRequest& request) {
    HttpResponse response = test::serve(request, content_);
    if (request.from == 0) response.cut = first;
    return response;
  });
  EXPECT_THAT(failure(from({server.url()})), HasSubstr(server.url()));
  expect_part(first);
  EXPECT_EQ(failure(from({server.url()})), "");
  expect_whole();
  EXPECT_EQ(server.requests().at(1).from, first);
  EXPECT_EQ(server.body_bytes_sent(), content_.size());
}

TEST_F(DownloadTest, TheNextSourceGoesOnWhereOneIsCut) {
  const HttpServer cut([&](const HttpRequest&) { return HttpResponse{.body = content_, .cut = 1'000'000}; });
  const HttpServer whole([&](const HttpRequest& request) { return test::serve(request, content_); });
  EXPECT_EQ(failure(from({cut.url(), whole.url()})), "");
  expect_whole();
  EXPECT_EQ(whole.requests().at(0).from, 1'000'000U);
}

TEST_F(DownloadTest, GoesOnFromAFolder) {
  write_file(folder_ / "weights.bin", content_);
  keep(content_.substr(0, 1234));
  Download wanted = from({file_url(folder_ / "weights.bin")});
  uint64_t first = 0;
  wanted.progress = [&](uint64_t done) { first = first == 0 ? done : first; };
  EXPECT_EQ(failure(wanted), "");
  expect_whole();
  EXPECT_GT(first, 1234U);
}

TEST_F(DownloadTest, AWholePartNeedsNoSource) {
  keep(content_);
  EXPECT_EQ(failure(from({"http://127.0.0.1:1/"})), "");
  expect_whole();
}

TEST_F(DownloadTest, StartsAnewWhereTheServerKnowsNoRanges) {
  const HttpServer server([&](const HttpRequest&) { return HttpResponse{.body = content_}; });
  keep(content_.substr(0, 5000));
  EXPECT_EQ(failure(from({server.url()})), "");
  expect_whole();
}

TEST_F(DownloadTest, APartOfAnotherFileIsFetchedAnewOnce) {
  const HttpServer server([&](const HttpRequest& request) { return test::serve(request, content_); });
  keep(random_text(5000, 2));
  EXPECT_EQ(failure(from({server.url()})), "");
  expect_whole();
  EXPECT_EQ(server.requests().size(), 2U);
  EXPECT_EQ(server.requests().at(1).from, 0U);
}

TEST_F(DownloadTest, APartThatIsTooLongOrDamagedAsAWholeIsFetchedAnew) {
  const HttpServer server([&](const HttpRequest& request) { return test::serve(request, content_); });
  for (const size_t size : {content_.size(), content_.size() + 7}) {
    fs::remove(path_);
    keep(random_text(size, 3));
    EXPECT_EQ(failure(from({server.url()})), "");
    expect_whole();
  }
}

TEST_F(DownloadTest, AnotherFileOfTheSameSizeIsRefused) {
  const std::string other = random_text(content_.size(), 2);
  const HttpServer server([&](const HttpRequest& request) { return test::serve(request, other); });
  EXPECT_THAT(failure(from({server.url()})),
              AllOf(HasSubstr(sha256_of_text(other)), HasSubstr(sha256_of_text(content_))));
  expect_nothing();
}

TEST_F(DownloadTest, AnotherSizeIsToldBeforeAnythingIsWritten) {
  const HttpServer server([&](const HttpRequest& request) { return test::serve(request, content_ + "more"); });
  EXPECT_THAT(failure(from({server.url()})), AllOf(HasSubstr("3000004 bytes"), HasSubstr("3000000 are expected")));
  expect_nothing();
  keep(content_.substr(0, 100));
  EXPECT_THAT(failure(from({server.url()})), HasSubstr("3000004 bytes"));
  expect_part(100);
}

TEST_F(DownloadTest, AnEndlessAnswerIsCutAtTheSizeOfTheFile) {
  const HttpServer server(
      [&](const HttpRequest&) { return HttpResponse{.body = std::string(100'000'000, 'x'), .length = false}; });
  EXPECT_THAT(failure(from({server.url()})), HasSubstr("more than the 3000000 bytes"));
  EXPECT_LT(server.body_bytes_sent(), 20'000'000U);
  expect_nothing();
  EXPECT_NE(failure(from({"file:///dev/zero"})), "");
  expect_nothing();
}

TEST_F(DownloadTest, AShortAnswerIsNoFile) {
  const HttpServer server([&](const HttpRequest&) { return HttpResponse{.body = "short", .length = false}; });
  EXPECT_THAT(failure(from({server.url()})), HasSubstr("ends after 5 of 3000000 bytes"));
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(DownloadTest, SaysPlainlyWhatTheServerAnswers) {
  int status = 0;
  const HttpServer server([&](const HttpRequest&) { return HttpResponse{.status = status, .body = content_}; });
  for (const auto& [code, meaning] :
       {std::pair(404, "no such file"), std::pair(403, "access is refused"), std::pair(503, "try again later")}) {
    status = code;
    EXPECT_THAT(failure(from({server.url("/a")})),
                HasSubstr(server.url("/a") + ": HTTP " + std::to_string(code) + ": "));
    EXPECT_THAT(failure(from({server.url()})), HasSubstr(meaning));
    expect_nothing();
  }
}

TEST_F(DownloadTest, AWebPageIsNoFileAndLeavesThePart) {
  const HttpServer server([&](const HttpRequest&) {
    return HttpResponse{.headers = {"Content-Type: text/html; charset=utf-8"}, .body = "<html>Sign in</html>"};
  });
  keep(content_.substr(0, 100));
  EXPECT_THAT(failure(from({server.url()})), HasSubstr("web page"));
  expect_part(100);
}

TEST_F(DownloadTest, FollowsRedirectsButNotToFiles) {
  write_file(folder_ / "weights.bin", content_);
  std::string place;
  const HttpServer server([&](const HttpRequest& request) {
    if (request.target == "/weights.bin") return test::serve(request, content_);
    return HttpResponse{.status = 302, .headers = {"Location: " + place}, .body = "moved"};
  });
  place = file_url(folder_ / "weights.bin");
  EXPECT_THAT(failure(from({server.url("/old")})), HasSubstr("Protocol \"file\""));
  place = server.url("/old");
  EXPECT_THAT(failure(from({server.url("/old")})), HasSubstr("redirect"));
  expect_nothing();
  place = "/weights.bin";
  EXPECT_EQ(failure(from({server.url("/old")})), "");
  expect_whole();
}

TEST_F(DownloadTest, ASilentServerIsGivenUp) {
  const HttpServer server(
      [&](const HttpRequest&) { return HttpResponse{.body = content_, .cut = 500, .stall = true}; });
  Download wanted = from({server.url()});
  wanted.stall_timeout = 1;
  EXPECT_THAT(failure(wanted), HasSubstr("too slow"));
  expect_part(500);
}

TEST_F(DownloadTest, TellsWhatEverySourceGaveButNoPasswords) {
  const std::string closed = HttpServer([](const HttpRequest&) { return HttpResponse(); }).url("/closed");
  const HttpServer empty([](const HttpRequest&) { return HttpResponse{.status = 404}; });
  const std::string secret = "http://me:secret@" + empty.url("/a@b").substr(7);
  EXPECT_THAT(
      failure(from({closed, secret, "ftp://127.0.0.1/a", file_url(folder_ / "absent")})),
      AllOf(HasSubstr(closed + ": Failed to connect"), HasSubstr(empty.url("/a@b") + ": HTTP 404"),
            HasSubstr("ftp://127.0.0.1/a: Protocol"), HasSubstr("absent: Couldn't open"), Not(HasSubstr("secret"))));
  expect_nothing();
}

TEST_F(DownloadTest, TakesTheProxyOfTheEnvironment) {
  const HttpServer proxy([&](const HttpRequest& request) { return test::serve(request, content_); });
  setenv("http_proxy", proxy.url().c_str(), 1);
  EXPECT_EQ(failure(from({"http://weights.invalid/weights.bin"})), "");
  unsetenv("http_proxy");
  EXPECT_EQ(proxy.requests().at(0).target, "http://weights.invalid/weights.bin");
}

TEST_F(DownloadTest, TellsWhereTheDiskDoesNotTakeIt) {
  write_file(folder_ / "weights.bin", content_);
  write_file(folder_ / "store", "a file in the way");
  EXPECT_THAT(failure(from({file_url(folder_ / "weights.bin")})), HasSubstr("Not a directory"));
  fs::remove(folder_ / "store");
  fs::create_directories(path_ / "a folder in the way");
  EXPECT_THAT(failure(from({file_url(folder_ / "weights.bin")})), HasSubstr("Is a directory"));
}

// A file-size limit stands in for a full disk: both make write() fail after some bytes.
TEST_F(DownloadTest, GoesOnAfterAFullDisk) {
  const HttpServer server([&](const HttpRequest& request) { return test::serve(request, content_); });
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1'500'000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string failed = failure(from({server.url()}));
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(failed, HasSubstr("cannot be written"));
  expect_part(1'500'000);
  EXPECT_EQ(failure(from({server.url()})), "");
  expect_whole();
  EXPECT_EQ(server.requests().at(1).from, 1'500'000U);
}

TEST_F(DownloadTest, ASecondProcessIsRefused) {
  fs::create_directories(path_.parent_path());
  const FolderLock other(path_.parent_path());
  EXPECT_THAT(failure(from({"http://127.0.0.1:1/"})), HasSubstr("another process"));
}

}  // namespace
}  // namespace facerec
